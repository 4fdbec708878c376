"""From a row of OMOP or CSV to the place in its file, found when it is asked for."""

import json

import duckdb
import pytest

from rounds.cli.main import main
from rounds.datamart import Datamart, load, origins
from stories import small_csv, small_omop
from stories.rights import let_me_see_persons


def places(mart, table, column, value):
    """Give where each row with a value came from: file, row, line."""
    with Datamart.open(mart) as opened:
        key = f"{table}_id"
        found = opened._connection.execute(
            f'SELECT "{key}" FROM "{table}" WHERE "{column}" = ? ORDER BY 1', [value]
        ).fetchall()
        return [
            [(one.file, one.row, one.line) for one in origins(opened, table, row)]
            for (row,) in found
        ]


@pytest.fixture(params=["main", "clinic"])
def omop(request, tmp_path):
    """Two persons in OMOP, in a source with or without a name of its own."""
    (tmp_path / "in").mkdir()
    small_omop.write_csv(tmp_path / "in")
    load(tmp_path / "in", tmp_path / "mart", name=request.param)
    return tmp_path


def test_a_row_of_omop_leads_to_its_line(omop):
    mart = omop / "mart"
    assert places(mart, "visit_occurrence", "visit_concept_id", 9201) == [
        [("VISIT_OCCURRENCE.csv", 2, 3)]
    ]
    assert places(mart, "person", "year_of_birth", 1950) == [[("PERSON.csv", 2, 3)]]


def test_a_death_leads_to_its_line_by_its_person(omop):
    with Datamart.open(omop / "mart") as opened:
        (person,) = opened._one("SELECT person_id FROM death")
        (place,) = origins(opened, "death", person)
    assert (place.file, place.line) == ("DEATH.csv", 2)


def test_events_that_share_a_key_lead_to_every_line_that_has_it(omop):
    shared = [("MEASUREMENT.csv", 1, 2), ("MEASUREMENT.csv", 2, 3)]
    for value in (82, 128):
        found = places(omop / "mart", "measurement", "value_as_number", value)
        assert found == [shared]


def test_a_line_is_counted_past_blank_broken_and_long_ones(tmp_path):
    (tmp_path / "in").mkdir()
    small_omop.write_csv(tmp_path / "in")
    (tmp_path / "in" / "CONDITION_OCCURRENCE.csv").write_text(
        "condition_occurrence_id,person_id,condition_start_date,condition_source_value\n"
        '1,11,2024-03-01,"a value\nof two lines"\n'
        "\n"
        "2,11,2024-03-02,I10,9,9\n"
        "3,11,2024-03-03,I11\n"
    )
    load(tmp_path / "in", tmp_path / "mart")
    found = places(
        tmp_path / "mart", "condition_occurrence", "condition_source_value", "I11"
    )
    assert found == [[("CONDITION_OCCURRENCE.csv", 2, 6)]]


def test_without_the_file_as_it_was_the_line_is_not_known(omop):
    path = omop / "in" / "PERSON.csv"
    path.write_text(path.read_text() + "\n")
    assert places(omop / "mart", "person", "year_of_birth", 1950) == [
        [("PERSON.csv", None, None)]
    ]


def test_a_row_of_parquet_or_of_a_database_leads_to_its_number(tmp_path):
    for ending in ("parquet", "duckdb"):
        folder = tmp_path / ending
        folder.mkdir()
        with duckdb.connect(str(folder / "x.duckdb")) as made:
            made.execute(
                "CREATE TABLE person AS SELECT 10 + n AS person_id, 1950 + n AS "
                "year_of_birth FROM range(5) AS t(n)"
            )
            if ending == "parquet":
                made.execute(f"COPY person TO '{folder}/person.parquet'")
        if ending == "parquet":
            (folder / "x.duckdb").unlink()
        load(folder, folder / "mart")
        ((place,),) = places(folder / "mart", "person", "year_of_birth", 1953)
        assert place[1:] == (4, None)


def test_a_row_of_csv_leads_to_its_line(tmp_path):
    (tmp_path / "in").mkdir()
    small_csv.write_files(tmp_path / "in", None, small_csv.MAPPING)
    load(tmp_path / "in", tmp_path / "mart")
    mart = tmp_path / "mart"
    assert places(mart, "measurement", "value_as_number", 82) == [
        [("readings-march.csv", 2, 3)]
    ]
    assert places(mart, "measurement", "value_as_number", 150.5) == [
        [("readings-april.csv", 1, 2)]
    ]
    assert places(mart, "visit_occurrence", "visit_concept_id", 9201) == [
        [("visits.csv", 2, 3)]
    ]
    assert places(mart, "person", "person_source_value", "p2") == [
        [("patients.csv", 2, 3)]
    ]


def test_what_is_only_named_in_lines_leads_to_the_files(tmp_path):
    """The clinic of the visits is listed nowhere: it was derived from their lines."""
    (tmp_path / "in").mkdir()
    small_csv.write_files(tmp_path / "in", None, small_csv.MAPPING)
    load(tmp_path / "in", tmp_path / "mart")
    ((*found,),) = places(tmp_path / "mart", "care_site", "care_site_name", "North")
    assert ("visits.csv", None, None) in found
    assert {line for _, _, line in found} == {None}


def test_the_command_names_row_and_line(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    small_omop.write_csv(tmp_path / "in")
    assert main(["init", str(tmp_path / "h"), "--from", str(tmp_path / "in")]) == 0
    let_me_see_persons(tmp_path / "h")
    words = ["data", "where", "person", "12", "--persons"]
    words += ["--project", str(tmp_path / "h")]
    capsys.readouterr()
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("PERSON.csv, line 3 (source main")
    assert main([*words, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out.splitlines()[-1])["origins"]
    assert (found["row"], found["line"]) == (2, 3)
    lines = (tmp_path / "in" / "PERSON.csv").read_text().splitlines()
    assert lines[found["line"] - 1].startswith("12.0,")
