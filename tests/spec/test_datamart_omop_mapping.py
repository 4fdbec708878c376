"""OMOP tables of any letter case and of CDM 5.3 or 5.4 become a typed CDM 5.4."""

import csv
import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rounds.datamart import Datamart, load
from rounds.datamart.mapping import cdm_columns, cdm_tables
from stories import small_omop as story

SPEC = Path(__file__).parents[3] / "shared/data/omop-cdm-spec/csv"


@pytest.fixture
def mart(tmp_path):
    """Load tables; give the report and a way to read rows."""

    def run(tables=None):
        (tmp_path / "omop").mkdir(exist_ok=True)
        story.write_csv(tmp_path / "omop", tables)
        report = load(tmp_path / "omop", tmp_path / "mart")

        def rows(query):
            with Datamart.open(tmp_path / "mart") as opened:
                return opened._connection.execute(query).fetchall()

        return report, rows

    return run


def changed(table, **values):
    """Give the small tables with one row added, like the first but for some values."""
    tables = {name: list(rows) for name, rows in story.TABLES.items()}
    tables[table].append({**tables[table][0], **values})
    return tables


def test_values_are_typed_and_older_columns_renamed(mart):
    _, rows = mart()
    assert rows("SELECT person_id, year_of_birth, day_of_birth FROM person") == [
        (11, 1960, 4),
        (12, 1950, None),
    ]
    assert rows("SELECT death_date FROM death") == [(dt.date(2024, 5, 6),)]
    assert rows(
        "SELECT visit_start_date, visit_end_date, admitted_from_source_value "
        "FROM visit_occurrence"
    ) == [
        (dt.date(2024, 3, 1), dt.date(2024, 3, 1), "home"),
        (dt.date(2024, 3, 1), dt.date(2024, 3, 4), None),
    ]


def test_a_code_without_any_concept_gets_a_local_one(mart):
    _, rows = mart()
    found = rows(
        "SELECT vocabulary_id, concept_code, condition_source_concept_id > 2000000000 "
        "FROM condition_occurrence JOIN concept "
        "ON concept_id = condition_source_concept_id"
    )
    assert found == [("source", "I10", True)]


def test_a_code_that_the_vocabulary_knows_gets_its_concept(mart):
    known = {
        "CONCEPT_ID": "45591453",
        "CONCEPT_NAME": "Essential hypertension",
        "DOMAIN_ID": "Condition",
        "VOCABULARY_ID": "ICD10CM",
        "CONCEPT_CODE": "I10",
    }
    _, rows = mart({**story.TABLES, "CONCEPT": [known]})
    assert rows("SELECT condition_source_concept_id FROM condition_occurrence") == [
        (45591453,)
    ]


def test_the_same_content_as_parquet_in_lower_case_gives_the_same_rows(mart, tmp_path):
    mart()
    (tmp_path / "parquet").mkdir()
    for name, rows in story.TABLES.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        table = pa.table({c.lower(): [r.get(c, "") for r in rows] for c in columns})
        pq.write_table(table, tmp_path / "parquet" / f"{name.lower()}.parquet")
    load(tmp_path / "parquet", tmp_path / "other")
    with (
        Datamart.open(tmp_path / "mart") as one,
        Datamart.open(tmp_path / "other") as other,
    ):
        assert one.fingerprints() == other.fingerprints()


BAD_ROWS = {
    "key": ("PERSON", {"PERSON_ID": "x"}, "no usable primary key"),
    "birth": ("PERSON", {"PERSON_ID": "9", "YEAR_OF_BIRTH": ""}, "required value"),
    "birthday": (
        "PERSON",
        {"PERSON_ID": "9", "MONTH_OF_BIRTH": "2", "DAY_OF_BIRTH": "30"},
        "impossible date: birth",
    ),
    "repeat": ("PERSON", {}, "duplicate id"),
    "February 30th": (
        "CONDITION_OCCURRENCE",
        {"CONDITION_OCCURRENCE_ID": "9", "CONDITION_START_DATE": "2024-02-30"},
        "impossible date: condition_start_date",
    ),
    "nobody": (
        "CONDITION_OCCURRENCE",
        {"CONDITION_OCCURRENCE_ID": "9", "PERSON_ID": "99"},
        "reference to nothing: person_id",
    ),
    "text": (
        "MEASUREMENT",
        {"MEASUREMENT_ID": "9", "VALUE_AS_NUMBER": "high"},
        "value of the wrong type: value_as_number",
    ),
    "half a concept": (
        "MEASUREMENT",
        {"MEASUREMENT_ID": "9", "MEASUREMENT_CONCEPT_ID": "1.5"},
        "value of the wrong type: measurement_concept_id",
    ),
    "dead before birth": (
        "DEATH",
        {"PERSON_ID": "11", "DEATH_DATE": "1959-01-01"},
        "impossible date: death_date",
    ),
    "backwards": (
        "VISIT_OCCURRENCE",
        {"VISIT_OCCURRENCE_ID": "9", "VISIT_END_DATE": "2024-02-01"},
        "ends before it begins",
    ),
}


@pytest.mark.parametrize("case", BAD_ROWS, ids=str)
def test_a_bad_row_is_set_aside_with_its_place(mart, case):
    table, values, why = BAD_ROWS[case]
    tables = changed(table, **values)
    report, _ = mart(tables)
    kind = table.lower()
    (reason,) = [each for each in report.reasons if each.type == kind]
    assert reason.reason.startswith(why)
    assert reason.meaning
    assert reason.remedy
    assert report.by_type[kind].set_aside == 1
    assert report.read == report.mapped + report.set_aside
    line = len(tables[table]) + 1
    assert reason.examples[0].split(":")[0] == f"{table}.csv"
    if case != "repeat":  # of identical rows, either may be the one that is kept
        assert reason.examples == (f"{table}.csv:{line}",)


def test_a_line_that_is_not_csv_is_counted_at_its_place(mart, tmp_path):
    mart()
    path = tmp_path / "omop" / "CONDITION_OCCURRENCE.csv"
    path.write_text(path.read_text() + "2,11,0,2024-03-02,E11,9,9,9\n3,11,0,x,E11\n")
    report = load(tmp_path / "omop", tmp_path / "mart")
    found = {
        each.reason: each.examples
        for each in report.reasons
        if each.type == "condition_occurrence"
    }
    assert found == {
        "line that is not CSV": ("CONDITION_OCCURRENCE.csv:3",),
        "impossible date: condition_start_date": ("CONDITION_OCCURRENCE.csv:4",),
    }


def test_events_that_differ_but_share_a_key_are_all_kept(mart):
    report, rows = mart()
    values = rows("SELECT value_as_number FROM measurement ORDER BY 1")
    assert values == [(82.0,), (128.0,)]
    assert rows("SELECT count(DISTINCT measurement_id) FROM measurement") == [(2,)]
    assert [each.reason for each in report.remarks] == ["repeated key"]


def test_the_table_of_columns_is_the_standards():
    if not SPEC.is_dir():
        pytest.skip("shared data absent")
    with (SPEC / "OMOP_CDMv5.4_Field_Level.csv").open() as stream:
        spec = list(csv.DictReader(stream))
    for table in cdm_tables():
        theirs = [
            (row["cdmFieldName"].lower(), row["isRequired"].lower())
            for row in spec
            if row["cdmTableName"].lower() == table
        ]
        ours = [(row["column"], row["required"]) for row in cdm_columns(table)]
        assert ours == theirs


def test_what_is_no_number_in_parquet_reaches_no_measure(tmp_path):
    """`NaN` stands for what is missing; an infinite value sets its row aside."""
    source = tmp_path / "omop"
    source.mkdir()
    person = {"person_id": [1], "gender_concept_id": [8507], "year_of_birth": [1960]}
    pq.write_table(pa.table(person), source / "person.parquet")
    values = [120.0, float("nan"), float("inf"), None]
    measurement = {
        "measurement_id": [1, 2, 3, 4],
        "person_id": [1, 1, 1, 1],
        "measurement_concept_id": [3004249] * 4,
        "measurement_date": [dt.date(2024, 1, day) for day in (1, 2, 3, 4)],
        "value_as_number": pa.array(values, pa.float64()),
    }
    pq.write_table(pa.table(measurement), source / "measurement.parquet")
    report = load(source, tmp_path / "m")
    assert report.by_type["measurement"].set_aside == 1
    assert [r.reason for r in report.reasons] == [
        "value of the wrong type: value_as_number"
    ]
    with Datamart.open(tmp_path / "m") as opened:
        found = opened._connection.execute(
            "SELECT value_as_number FROM measurement ORDER BY measurement_id"
        ).fetchall()
    assert found == [(120.0,), (None,), (None,)]
