"""De-identification, value by value: dates, ages, places, codes."""

import datetime as dt
import random

import duckdb
import pytest

from rounds.datamart.deidentify import (
    MODES,
    Deidentifier,
    DeidentifyPlan,
    shown_name,
    values,
)
from rounds.datamart.deidentify.classes import CLASSES, class_of
from rounds.datamart.deidentify.columns import Columns
from rounds.datamart.deidentify.units import may_be_kept
from rounds.datamart.fhir.paths import fields
from rounds.datamart.mapping import cdm_columns, cdm_tables, mapping
from rounds.definitions.code_systems import code_systems
from rounds.nouns import DataError

TODAY = dt.date(2026, 7, 1)


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


@pytest.fixture
def plan(tmp_path):
    def make(mode="shifted", *, key=bytes(range(32)), seed=7, **settings):
        return DeidentifyPlan(
            mode=mode,
            key=key,
            reference_year=TODAY.year,
            codes=tmp_path / "deidentify-codes",
            random_bytes=random.Random(seed).randbytes,
            **settings,
        )

    return make


def one(connection, expression, value):
    query = f"SELECT {expression} FROM (SELECT ?::VARCHAR AS x)"
    return connection.execute(query, [value]).fetchall()[0][0]


# -- every column has a class ----------------------------------------------------


def test_every_column_of_every_staging_table_has_a_class():
    missing = []
    for row in mapping("fhir_fields"):
        try:
            class_of("fhir", row["resource"], row["field"])
        except DataError:
            missing.append(f"{row['resource']}.{row['field']}")
    assert missing == []


def test_every_column_of_every_table_of_the_cdm_has_a_class():
    missing = []
    for table in cdm_tables():
        for column in cdm_columns(table):
            try:
                class_of("omop", table, column["column"])
            except DataError:
                missing.append(f"{table}.{column['column']}")
    assert missing == []


def test_every_class_is_known_and_written_by_a_method():
    used = {row["class"] for row in mapping("deidentify")}
    assert used <= set(CLASSES)
    assert [name for name in CLASSES if not hasattr(Columns, f"_{name}")] == []


def test_no_column_has_two_classes_and_no_field_that_is_gone_has_one():
    keys = [(r["shape"], r["table"], r["column"]) for r in mapping("deidentify")]
    assert len(keys) == len(set(keys))
    for shape, table, column in keys:
        if shape == "fhir" and table not in {"*", "(element)"}:
            assert column in fields(table), (table, column)


def test_a_column_without_a_class_is_refused(connection, plan):
    connection.execute("CREATE TEMP TABLE given AS SELECT 'x' AS id, 'y' AS nickname")
    with pytest.raises(DataError) as error:
        Deidentifier(connection, plan()).relation("given", "fhir", "Patient")
    assert error.value.code == "deidentify-no-class"
    assert "nickname" in str(error.value)


def test_a_site_gives_its_own_columns_a_class_but_loosens_none_of_ours(plan):
    row = {"shape": "fhir", "table": "Patient", "of": "", "note": ""}
    more = (
        row | {"column": "nickname", "class": "dropped"},
        row | {"column": "city", "class": "kept"},
    )
    assert class_of("fhir", "Patient", "nickname", more)["class"] == "dropped"
    assert class_of("fhir", "Patient", "city", more)["class"] == "dropped"


def test_every_known_code_system_has_a_form():
    known = {row["system"] for row in mapping("deidentify_systems")}
    units = {uri for uri, name in code_systems().items() if name == "UCUM"}
    assert set(code_systems()) - known == units


# -- dates and ages --------------------------------------------------------------


def people(connection, plan, mode, *rows):
    values = ", ".join(
        f"('p{i}', {birth!r}, {'NULL' if died is None else repr(died)})"
        for i, (birth, died) in enumerate(rows)
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT * FROM "
        f"(VALUES {values}) t(id, birth, deceased)"
    )
    relation = Deidentifier(connection, plan(mode)).relation("given", "fhir", "Patient")
    return connection.execute(f"SELECT birth, deceased FROM {relation}").fetchall()


def test_births_are_known_to_the_year_and_over_89_grouped(connection, plan):
    """The guidance's example: born 1910, treated 2010, "on or before 1920"."""
    found = people(
        connection, plan, "safe_harbor",
        ("1950-03-05", None), ("1950-03", None), ("1950", None),
        ("1937-12-31", None), ("1936-12-31", None), ("1901-01-05", None),
        ("1910-02-03", "2010-05-06"), ("1910-02-03", "1960-05-06"),
    )  # fmt: skip
    assert [birth for birth, _ in found] == [
        "1950", "1950", "1950", "1937", "1936", "1936", "1920", "1910",
    ]  # fmt: skip
    assert [died for _, died in found[-2:]] == ["2010-01-01", "1960-01-01"]


def test_faults_of_dates_stay_faults(connection, plan):
    found = people(
        connection, plan, "safe_harbor",
        ("1950-02-30", None), ("May 1950", None), ("1950", "2020-13"),
        ("1950", "2020"), ("1950", "soon"), ("1950-05-05", "1950-05-04"),
    )  # fmt: skip
    assert found == [
        ("impossible", None), ("impossible", None), ("1950", "0001-99"),
        ("1950", "2020"), ("1950", "impossible"), ("1950", "0001-01-01"),
    ]  # fmt: skip


def test_an_age_over_89_is_90_and_a_rank_of_a_place_its_quarter(connection, plan):
    loinc, svi = "http://loinc.org", "https://www.atsdr.cdc.gov/place-health/php/svi"
    rows = [
        (loinc, "30525-0", 97, "a"), (loinc, "30525-0", 1200, "mo"),
        (loinc, "30525-0", 45, "a"), (loinc, "8480-6", 97, "mm[Hg]"),
        (svi, "RPL_THEMES", 0.7342, "1"),
    ]  # fmt: skip
    listed = ", ".join(
        f"('o{i}', {{'system': '{s}', 'code': '{c}', 'display': 'd'}}, {{'value': '{v}'::JSON, "
        f"'comparator': NULL::VARCHAR, 'unit': '{u}', 'system': '', 'code': '{u}'}})"
        for i, (s, c, v, u) in enumerate(rows)
    )
    connection.execute(
        f"CREATE TEMP TABLE given AS SELECT * FROM (VALUES {listed}) t(id, code, value)"
    )
    relation = Deidentifier(connection, plan()).relation("given", "fhir", "Observation")
    found = connection.execute(
        f"SELECT CAST(value.value AS DOUBLE) FROM {relation}"
    ).fetchall()
    assert [value for (value,) in found] == [90, 1080, 45, 97, 0.625]


# -- places, codes, units --------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    {
        "02139": "021", "02139-1234": "021", "021391234": "021", "021": "021",
        "03601": "000", "05901": "000", "20501": "000", "89301": "000",
        "2139": None, "SW1A 1AA": None, "Boston": None, "": None,
    }.items(),
)  # fmt: skip
def test_zip_codes_are_cut_to_three_digits_and_few_people_hidden(
    connection, given, expected
):
    assert one(connection, values.zip3("x"), given) == expected


def test_the_seventeen_areas_of_census_2000_are_among_the_small_ones():
    named = [
        "036",
        "059",
        "063",
        "102",
        "203",
        "556",
        "692",
        "790",
        "821",
        "823",
        "830",
        "831",
        "878",
        "879",
        "884",
        "890",
        "893",
    ]
    rows = mapping("deidentify_zip3")
    assert sorted(r["prefix"] for r in rows if "2000" in r["census"]) == named


@pytest.mark.parametrize(
    ("unit", "kept"),
    {
        "mm[Hg]": True, "mg/dL": True, "10*3/uL": True, "{score}": True, "mmHg": True,
        "years": True, "%": True, "{Ann Example}": False, "mg{Ann}": False,
        "6175551234": False, "Ann": False, "": False,
    }.items(),
)  # fmt: skip
def test_a_unit_that_is_none_is_gone(unit, kept):
    assert may_be_kept(unit) is kept


@pytest.mark.parametrize("mode", MODES)
def test_a_code_is_kept_if_it_has_the_form_of_its_system(connection, plan, mode):
    made = plan(mode, keep_systems=("http://lab.example",))
    cases = {
        ("http://loinc.org", "8480-6"): True,
        ("http://loinc.org", "Ann Example"): False,
        ("http://snomed.info/sct", "38341003"): True,
        ("http://hl7.org/fhir/sid/icd-10-cm", "I10"): True,
        ("http://hl7.org/fhir/sid/us-ssn", "123-45-6789"): False,
        ("http://lab.example", "GLU-F"): True,
        ("http://lab.example", "Ann had glucose"): False,
        ("http://other.example", "GLU-F"): False,
        (None, "GLU-F"): False,
    }
    for (system, code), kept in cases.items():
        test = values.code_kept(made, "s", "x")
        query = f"SELECT {test} FROM (SELECT ?::VARCHAR AS s, ?::VARCHAR AS x)"
        (found,) = connection.execute(query, [system, code]).fetchall()
        assert found[0] is kept, (system, code)


def test_names_are_kept_only_where_that_is_asked_for(connection, plan):
    connection.execute("CREATE TEMP TABLE given AS SELECT 'o' AS id, 'North' AS name")
    for keep in (False, True):
        away = Deidentifier(connection, plan(keep_names=keep))
        relation = away.relation("given", "fhir", "Organization")
        found = connection.execute(f"SELECT name FROM {relation}").fetchall()
        assert found == [("North" if keep else None,)]


@pytest.mark.parametrize(
    ("name", "shown"),
    {
        "Patient.ndjson": "Patient.ndjson",
        "export/Observation.000.ndjson.gz": "export/Observation.000.ndjson.gz",
        "person/part-0001.parquet": "person/part-0001.parquet",
        "Ann_Example_1950.json": "file-7.json",
        "Ann Example/Patient.ndjson": "folder/Patient.ndjson",
        "notes.Example": "file-7",
    }.items(),
)  # fmt: skip
def test_a_file_named_after_a_person_is_shown_by_its_number(name, shown):
    assert shown_name(7, name) == shown
