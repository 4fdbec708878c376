"""Area tables: how their columns are told, what of them is set aside, and what is said."""

import gzip

import pytest

from rounds.datamart import Datamart, load, origins
from rounds.datamart.areas.coverage import coverage_words
from rounds.nouns import DataError, DefinitionError
from stories import areas as story
from stories.small_fhir import patient, write_ndjson
from stories.small_omop import write_csv

HEAD = "FIPS,RPL_THEMES\n"


def loaded(tmp_path, text, name="SVI_2022_US_ZCTA.csv", more=None):
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    if more:
        (folder / "rounds-areas.yaml").write_text(more, "utf-8")
    report = load(folder, tmp_path / "mart")
    with Datamart.open(tmp_path / "mart") as mart:
        rows = mart._connection.execute(
            "SELECT kind, area, vintage, measure, value FROM rounds_area ORDER BY ALL"
        ).fetchall()
    return report, rows


def told(reasons):
    return {(one.reason, one.examples) for one in reasons}


def test_a_table_of_cdc_is_known_by_its_columns_and_its_year_by_its_name(tmp_path):
    text = "ST,FIPS,RPL_THEME1,RPL_THEMES\n25,25017352101,0.1,0.2\n"
    report, rows = loaded(tmp_path, text, "SVI2018_US.csv")
    assert report.shape == "areas"
    assert rows == [
        ("tract", "25017352101", 2018, "RPL_THEME1", 0.1),
        ("tract", "25017352101", 2018, "RPL_THEMES", 0.2),
    ]


def test_zeros_that_a_spreadsheet_took_are_put_back_and_said(tmp_path):
    """A code of a table of areas can be read in no other way; a remark says so."""
    report, rows = loaded(tmp_path, f"{HEAD}2138,0.2\n601,0.4\n10001,0.6\n")
    assert [row[1] for row in rows] == ["00601", "02138", "10001"]
    file = "SVI_2022_US_ZCTA.csv"
    assert told(report.remarks) == {
        ("leading zeros put back", (f"{file}:2", f"{file}:3"))
    }
    (remark,) = report.remarks
    assert "2138 is read as 02138" in remark.meaning


def test_a_tract_that_lost_its_zero_is_mended_likewise(tmp_path):
    text = f"{HEAD}1001020100,0.2\n25017352101,0.4\n"
    _, rows = loaded(tmp_path, text, "SVI_2022_US.csv")
    assert {row[1] for row in rows} == {"01001020100", "25017352101"}


def test_what_is_no_value_stays_an_area_without_one(tmp_path):
    report, rows = loaded(tmp_path, f"{HEAD}10001,-999\n10002,-999.0\n10003,\n")
    assert [row[-1] for row in rows] == [None, None, None]
    assert [(one.reason, one.n) for one in report.remarks] == [
        ("area without a value", 3)
    ]


def test_a_line_that_cannot_be_read_is_set_aside_with_its_place(tmp_path):
    lines = ["1.00102E+09,0.2", "10001,much", "10002,73", ",0.5", "10004,0.5", "a,b,c"]
    report, rows = loaded(tmp_path, HEAD + "\n".join(lines) + "\n")
    file = "SVI_2022_US_ZCTA.csv"
    assert rows == [("zcta", "10004", 2022, "RPL_THEMES", 0.5)]
    assert report.read == 6
    assert (report.mapped, report.set_aside) == (1, 5)
    places = {place for one in report.reasons for place in one.examples}
    assert places == {f"{file}:{n}" for n in (2, 3, 4, 5, 7)}
    reasons = {one.reason.split(":")[0] for one in report.reasons}
    assert "rank that is not from 0 to 1" in reasons
    assert "not a number" in reasons


def test_the_same_line_twice_is_one_and_two_values_are_none(tmp_path):
    """Which of two values is right cannot be told; what is said twice is no fault."""
    text = f"{HEAD}10001,0.2\n10001,0.20\n10002,0.2\n10002,0.3\n10003,0.9\n"
    report, rows = loaded(tmp_path, text)
    assert [(row[1], row[-1]) for row in rows] == [("10001", 0.2), ("10003", 0.9)]
    file = "SVI_2022_US_ZCTA.csv"
    assert told(report.reasons) == {
        ("repeated area", (f"{file}:3",)),
        ("area with two values", (f"{file}:4", f"{file}:5")),
    }


def test_a_plain_table_has_a_measure_a_line_and_a_rank_beside_it(tmp_path):
    text = (
        "zip,vintage,measure,value,rank\n"
        "10001,2020,SVI,9.1,0.8\n"
        "10001,2021,ADI,55,0.55\n"
        "10002,2020,rpl_themes,0.3,\n"
        "10003,soon,ADI,1,0.1\n"
    )
    report, rows = loaded(tmp_path, text, "areas.csv")
    assert rows == [
        ("zcta", "10001", 2020, "RPL_THEMES", 0.8),
        ("zcta", "10001", 2020, "SVI", 9.1),
        ("zcta", "10001", 2021, "ADI", 55.0),
        ("zcta", "10001", 2021, "ADI rank", 0.55),
        ("zcta", "10002", 2020, "RPL_THEMES", 0.3),
    ]
    assert told(report.reasons) == {("not a year: vintage", ("areas.csv:5",))}


def test_any_other_table_is_described(tmp_path):
    described = (
        "files:\n  index.csv:\n    area: GEOID20\n    kind: tract\n    vintage: 2021\n"
        "    encoding: latin-1\n    measures: {RPL_THEMES: the rank}\n"
    )
    text = "GEOID20;the rank\n25017352101;0.4\n"
    _, rows = loaded(tmp_path, text, "index.csv", described)
    assert rows == [("tract", "25017352101", 2021, "RPL_THEMES", 0.4)]


def test_a_year_that_the_name_lacks_is_said_beside_the_table(tmp_path):
    described = "files:\n  svi.csv: {vintage: 2020}\n"
    _, rows = loaded(tmp_path, f"{HEAD}10001,0.2\n", "svi.csv", described)
    assert rows == [("zcta", "10001", 2020, "RPL_THEMES", 0.2)]


@pytest.mark.parametrize(
    ("described", "faults"),
    [
        ("", ["of which year"]),
        ("files: [", ["is not YAML"]),
        ("files: []", ["files: must name"]),
        ("files:\n  other.csv: {vintage: 2020}\n", ["there is no such file"]),
        ("files:\n  svi.csv: words\n", ["must say what its columns are"]),
        ("files:\n  svi.csv: {year: 2020}\n", ["year is none of area"]),
        ("files:\n  svi.csv: {vintage: 20}\n", ["a year from 1990"]),
        ("files:\n  svi.csv: {vintage: 2020, kind: county}\n", ["kind must be one"]),
        ("files:\n  svi.csv: {vintage: 2020, encoding: x}\n", ["encoding must be"]),
        ("files:\n  svi.csv: {vintage: 2020, measures: x}\n", ["measures must say"]),
        (
            "files:\n  svi.csv: {vintage: 2020, measure: RPL_THEMES}\n",
            ["measure and value go together"],
        ),
        (
            "files:\n  svi.csv: {vintage: then, area: where, measures: {A: what}}\n",
            ['no column "where"', 'no column "then"', 'no column "what"'],
        ),
    ],
)
def test_every_fault_of_a_layout_is_said_at_once(tmp_path, described, faults):
    with pytest.raises(DefinitionError) as error:
        loaded(tmp_path, f"{HEAD}10001,0.2\n", "svi.csv", described)
    assert error.value.code == "area-layout"
    for fault in faults:
        assert fault in error.value.what
    assert "10001" not in str(error.value)


def test_columns_that_nobody_asks_for_may_have_any_name(tmp_path):
    _, rows = loaded(tmp_path, "FIPS,RPL_THEMES,,\n10001,0.2,x,y\n")
    assert len(rows) == 1
    with pytest.raises(DefinitionError, match="two columns"):
        loaded(tmp_path, "FIPS,RPL_THEMES,RPL_THEMES\n10001,0.2,0.3\n")


def test_a_described_table_without_a_kind_could_be_one_of_counties(tmp_path):
    described = "files:\n  a.csv: {area: x, vintage: 2020, measures: {RPL_THEMES: y}}\n"
    with pytest.raises(DefinitionError) as error:
        loaded(tmp_path, "x,y\n25017,0.2\n", "a.csv", described)
    assert "kind must be one of tract, zcta" in error.value.what


def test_a_table_of_counties_is_refused(tmp_path):
    text = "STCNTY,COUNTY,FIPS,RPL_THEMES\n25017,Middlesex,25017,0.2\n"
    with pytest.raises(DataError) as error:
        loaded(tmp_path, text, "SVI_2022_US_county.csv")
    assert error.value.code == "no-areas"
    assert not (tmp_path / "mart").exists()


def test_tables_of_persons_are_no_area_tables(tmp_path):
    """A table of areas that lies among them is left alone, with a remark."""
    folder = tmp_path / "cdm"
    folder.mkdir()
    write_csv(folder)
    story.write_svi(folder / "SVI_2022_US_ZCTA.csv", [("10001", 0.2)])
    report = load(folder, tmp_path / "mart")
    assert report.shape == "omop"
    assert ("file not recognised", ("SVI_2022_US_ZCTA.csv",)) in told(report.remarks)


def test_patients_beside_an_area_table_are_what_is_loaded(tmp_path):
    folder = tmp_path / "fhir"
    folder.mkdir()
    write_ndjson(folder, {"Patient": [patient()]})
    story.write_svi(folder / "SVI_2022_US_ZCTA.csv", [("10001", 0.2)])
    report = load(folder, tmp_path / "mart")
    assert (report.shape, report.persons) == ("fhir", 1)


def test_a_broken_archive_is_no_area_table(tmp_path):
    (tmp_path / "in").mkdir()
    whole = gzip.compress(HEAD.encode() * 100)
    (tmp_path / "in" / "SVI_2022.csv.gz").write_bytes(whole[:15])
    with pytest.raises(DataError) as error:
        load(tmp_path / "in", tmp_path / "mart")
    assert error.value.code == "source-not-recognised"


def test_a_row_leads_to_the_line_of_the_table(tmp_path):
    story.write_cdm(tmp_path / "cdm", {"a": {"zip": "10001"}, "b": {"zip": "10002"}})
    table = story.write_svi(tmp_path / "SVI_2022_US_ZCTA.csv", [("10002", 0.2)])
    with table.open("a") as stream:
        stream.write("broken,line\n\n10001,x,0.5,0.9\n")
    load(tmp_path / "cdm", tmp_path / "mart")
    load(table, tmp_path / "mart")

    def places(value):
        with Datamart.open(tmp_path / "mart") as mart:
            found = mart._connection.execute(
                "SELECT observation_id FROM observation WHERE value_as_number = ?",
                [value],
            )
            ((row,),) = found.fetchall()
            return [(one.source, one.line) for one in origins(mart, "observation", row)]

    assert places(0.2) == [("areas", 2)]
    assert places(0.9) == [("areas", 5)]
    table.unlink()
    assert places(0.9) == [("areas", None)]


def test_shares_are_coarse_and_small_groups_are_told_none():
    counts = {"area": 900, "own": 30, "no address": 68, "unknown area": 2}
    (many,) = coverage_words(counts)
    assert many == (
        "SVI, share of patients to the nearest 5%: of the area 90%, no address 5%, own "
        "record 5%, area that the table does not know few."
    )
    (few,) = coverage_words({"area": 390, "no address": 9})
    assert "too few patients" in few
    assert not any(character.isdigit() for character in few)
    assert coverage_words({"area": 500}) == [
        "SVI, share of patients to the nearest 5%: of the area nearly all."
    ]
    assert coverage_words({}) == []
