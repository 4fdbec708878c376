"""De-identification: what looks like a code and is none, and the last look."""

import random

import duckdb
import pytest

from rounds.datamart.cdm import create_tables
from rounds.datamart.deidentify import MODES, Deidentifier, DeidentifyPlan, values
from rounds.datamart.deidentify.inspection import insist_on_none
from rounds.datamart.mapping import cdm_columns, mapping
from rounds.nouns import DataError


@pytest.fixture
def connection():
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def plan(tmp_path, mode="safe_harbor"):
    return DeidentifyPlan(
        mode=mode,
        key=bytes(range(32)),
        reference_year=2026,
        codes=tmp_path / "deidentify-codes",
        random_bytes=random.Random(7).randbytes,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("visit_occurrence", "visit_source_value"),
        ("visit_detail", "visit_detail_source_value"),
        ("visit_occurrence", "admitted_from_source_value"),
        ("note", "note_source_value"),
        ("payer_plan_period", "plan_source_value"),
        ("payer_plan_period", "sponsor_source_value"),
        ("episode", "episode_source_value"),
        ("specimen", "specimen_source_value"),
    ],
)
def test_a_number_that_looks_like_a_code_is_gone_where_no_code_belongs(
    connection, tmp_path, mode, table, column
):
    """The number of an encounter, a document or a policy with the form of LOINC's."""
    connection.execute(
        f"CREATE TEMP TABLE given AS SELECT 1::BIGINT AS person_id, x AS {column} "
        "FROM (VALUES ('48213-7'), ('I10'), ('E11.9')) t(x)"
    )
    away = Deidentifier(connection, plan(tmp_path, mode))
    relation = away.relation("given", "omop", table)
    found = connection.execute(f"SELECT {column} FROM {relation}").fetchall()
    assert {x for (x,) in found} & {"48213-7", "I10", "E11.9"} == set()


def test_a_code_is_kept_where_it_belongs(connection, tmp_path):
    connection.execute(
        "CREATE TEMP TABLE given AS SELECT 1::BIGINT AS person_id, "
        "'8480-6' AS measurement_source_value"
    )
    away = Deidentifier(connection, plan(tmp_path))
    relation = away.relation("given", "omop", "measurement")
    found = connection.execute(f"SELECT measurement_source_value FROM {relation}")
    assert found.fetchall() == [("8480-6",)]


@pytest.mark.parametrize(
    ("system", "code", "kept"),
    [
        ("CodeSystem/condition-clinical", "active", True),
        ("CodeSystem/v3-ActCode", "AMB", True),
        ("CodeSystem/v2-0136", "Y", True),
        ("CodeSystem/observation-category", "symptom", True),
        ("CodeSystem/v3-RoleCode", "CHLDADOPT", True),
        ("CodeSystem/v3-RoleCode", "ADOPTC", False),
        ("CodeSystem/v3-RouteOfAdministration", "IVINJ", True),
        ("CodeSystem/v3-RouteOfAdministration", "INJ", False),
        ("CodeSystem/condition-clinical", "Ann-Example", False),
        ("CodeSystem/v3-ActCode", "Example", False),
        ("CodeSystem/v2-0203", "Example", False),
        ("anything", "active", False),
    ],
)
def test_hl7_s_systems_keep_their_own_codes_alone(
    connection, tmp_path, system, code, kept
):
    for base in ("http://terminology.hl7.org/", "http://hl7.org/fhir/"):
        test = values.code_kept(plan(tmp_path), "s", "x")
        query = f"SELECT {test} FROM (SELECT ?::VARCHAR AS s, ?::VARCHAR AS x)"
        ((found,),) = connection.execute(query, [base + system, code]).fetchall()
        assert found is (kept and base.startswith("http://terminology"))


def lists_of_codes():
    """Give the systems whose codes are listed one by one, and their codes."""
    rows = {row["system"]: row["pattern"] for row in mapping("deidentify_systems")}
    return {
        system: pattern.split("|")
        for system, pattern in rows.items()
        if "hl7.org" in system and "/sid/" not in system
    }


def test_no_code_is_listed_twice_and_older_names_of_a_system_keep_as_much():
    listed = lists_of_codes()
    assert len(listed) > 40
    assert [name for name, codes in listed.items() if len({*codes}) < len(codes)] == []
    older = [name for name in listed if name.startswith("http://hl7.org/fhir/v3/")]
    assert older
    for name in older:
        newer = "http://terminology.hl7.org/CodeSystem/v3-" + name.rpartition("/")[2]
        assert listed[name] == listed[newer], name


def luhn(digits):
    """Give the check digit of LOINC: every second digit from the right doubled."""
    doubled = [int(x) * (2 - i % 2) for i, x in enumerate(reversed(digits))]
    return -sum(x // 10 + x % 10 for x in doubled) % 10


def verhoeff(digits):
    """Give what the digits of a SNOMED CT identifier come to: 0 if it is one.

    In the dihedral group of ten elements: below 5 a turn, from 5 on a reflection.
    """
    shuffle = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    so_far = 0
    for place, given in enumerate(reversed(digits)):
        digit = int(given)
        for _ in range(place % 8):
            digit = shuffle[digit]
        turn = so_far - digit if so_far >= 5 else so_far + digit
        so_far = turn % 5 + (5 if (so_far >= 5) != (digit >= 5) else 0)
    return so_far


@pytest.mark.parametrize(
    "row", mapping("deidentify_numbers"), ids=lambda row: row["code"]
)
def test_every_code_of_an_age_or_an_identifier_has_its_check_digit(row):
    """A code that was mistyped would let through what it should hold back."""
    if row["vocabulary"] == "LOINC":
        digits, check = row["code"].split("-")
        assert int(check) == luhn(digits)
    else:
        assert row["vocabulary"] == "SNOMED"
        assert verhoeff(row["code"]) == 0


PERSON = {"person_id": 1 << 40, "year_of_birth": 1950}
LEFT_OVER = {
    ("person", "person_source_value"): PERSON | {"person_source_value": "MRN-12345"},
    ("person", "person_id"): PERSON | {"person_id": 12345},
    ("person", "month_of_birth"): PERSON | {"month_of_birth": 5},
    ("measurement", "unit_source_value"): {"unit_source_value": "Ann Example"},
    ("measurement", "measurement_date"): {"measurement_date": "1930-01-01"},
    ("measurement", "measurement_source_value"): {
        "measurement_source_value": "seen by Ann Example"
    },
    ("measurement", "measurement_id"): {"measurement_id": 77},
    ("note", "note_text"): {"note_text": "Ann Example was seen."},
    ("care_site", "care_site_source_value"): {"care_site_source_value": "North"},
    ("care_site", "location_id"): {"location_id": 5},
}


@pytest.mark.parametrize("place", LEFT_OVER, ids=".".join)
def test_the_last_look_finds_identifiers_units_and_dates(connection, tmp_path, place):
    """Whatever brought it in: the load is refused, and the column alone is named."""
    create_tables(connection)
    table, column = place
    row = {}
    for each in cdm_columns(table):
        if each["required"] == "yes":
            value = {"DATE": "2020-01-01", "VARCHAR": "removed"}.get(each["type"])
            row[each["column"]] = value or (1 << 40 if each["type"] == "BIGINT" else 0)
    insist_on_none(connection, plan(tmp_path))
    row |= LEFT_OVER[place]
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(
        f'INSERT INTO "{table}" ({names}) VALUES ({marks})', [*row.values()]
    )
    with pytest.raises(DataError) as error:
        insist_on_none(connection, plan(tmp_path))
    assert error.value.code == "deidentify-incomplete"
    assert f"{table}.{column}" in error.value.what
    assert error.value.what.count(".") == 2, "it names another column as well"
    assert str(LEFT_OVER[place][column]) not in str(error.value)


def test_the_last_look_lets_codes_of_fhir_pass(connection, tmp_path):
    """A class of visits in SNOMED CT, a clinical status of another list."""
    create_tables(connection)
    big = 1 << 40
    connection.execute(
        "INSERT INTO visit_occurrence BY NAME SELECT $1::BIGINT AS "
        "visit_occurrence_id, $1::BIGINT AS person_id, 0 AS visit_concept_id, "
        "DATE '2020-01-01' AS visit_start_date, DATE '2020-01-01' AS visit_end_date, "
        "0 AS visit_type_concept_id, '4525004' AS visit_source_value",
        [big],
    )
    insist_on_none(connection, plan(tmp_path))
    connection.execute("UPDATE visit_occurrence SET visit_source_value = 'Ann Example'")
    with pytest.raises(DataError) as error:
        insist_on_none(connection, plan(tmp_path))
    assert "visit_occurrence.visit_source_value" in error.value.what
