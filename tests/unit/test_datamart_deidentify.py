"""De-identification, value by value: pseudonyms, dates, ages, places, codes, keys."""

import csv
import datetime as dt
import hashlib
import hmac
import os
import random
from importlib.resources import files

import duckdb
import pytest

from rounds.datamart.deidentify import (
    MODES,
    Deidentifier,
    DeidentifyPlan,
    insist_alike,
    plan_from,
    shown_name,
)
from rounds.datamart.deidentify import pseudonyms, values
from rounds.datamart.deidentify.classes import CLASSES, class_of, classes_of
from rounds.datamart.deidentify.columns import Columns
from rounds.datamart.deidentify.inspection import insist_on_none
from rounds.datamart.deidentify.units import may_be_kept
from rounds.datamart.cdm import create_tables
from rounds.datamart.fhir_paths import fields
from rounds.datamart.mapping import cdm_columns, cdm_tables, mapping
from rounds.definitions.code_systems import code_systems
from rounds.nouns import AccessError, DataError, DefinitionError

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


# -- pseudonyms ------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Patient/1", "", "Ä/é ü 🙂", "x" * 500])
def test_the_pseudonym_is_pythons_hmac(connection, plan, text):
    pseudonyms.use_key(connection, plan())
    made = one(connection, pseudonyms.hmac_sql("x"), text)
    assert made == hmac.new(plan().key, text.encode(), hashlib.sha256).hexdigest()


def test_the_key_is_in_no_statement_and_no_repr(connection, plan):
    made = plan(key=b"secretsecretsecretsecretsecretse")
    assert b"secret" not in repr(made).encode()
    assert "secret" not in pseudonyms.hmac_sql("x")
    assert "secret" not in str(made.describe())
    assert made.key.hex() not in str(made.describe()) + made.fingerprint()


@pytest.mark.parametrize("mode", MODES)
def test_references_lead_where_they_led(connection, plan, mode):
    """By id, by identifier, and to nothing: joins give the same pairs as before."""
    connection.execute(
        "CREATE TEMP TABLE p AS SELECT 'd' || i AS id, 'http://x' AS identifier_system, "
        "'n' || i AS identifier_value FROM range(50) r(i)"
    )
    connection.execute(
        "CREATE TEMP TABLE e AS SELECT 'e' || i AS id, CASE WHEN i % 2 = 0 THEN "
        "'Practitioner/d' || (i % 60) ELSE 'Practitioner?identifier=http://x|n' || "
        "(i % 60) END AS performer, i AS record FROM range(300) r(i)"
    )
    join = (
        "SELECT count(*) FROM {e} AS e JOIN {p} AS p ON performer = 'Practitioner/' || "
        "p.id OR performer = 'Practitioner?identifier=' || identifier_system || '|' || "
        "identifier_value"
    )
    before = connection.execute(join.format(e="e", p="p")).fetchall()
    away = Deidentifier(connection, plan(mode))
    found = {
        "p": away.relation("p", "fhir", "Practitioner"),
        "e": away.relation("e", "fhir", "Encounter"),
    }
    assert connection.execute(join.format(**found)).fetchall() == before
    assert before[0][0] == 250


def test_two_loads_give_the_same_pseudonyms_and_another_key_others(connection, plan):
    connection.execute("CREATE TEMP TABLE given AS SELECT 'p' || i AS id FROM range(99) r(i)")

    def ids(made):
        relation = Deidentifier(connection, made).relation("given", "fhir", "Patient")
        return connection.execute(f"SELECT id FROM {relation} ORDER BY 1").fetchall()

    assert ids(plan()) == ids(plan())
    assert not set(ids(plan())) & set(ids(plan(key=bytes(32))))
    assert len(set(ids(plan()))) == 99


def test_random_codes_are_kept_and_come_back_whatever_the_order(connection, plan):
    connection.execute(
        "CREATE TEMP TABLE given AS SELECT 'p' || i AS id, i AS record FROM range(99) r(i)"
    )

    def ids(made, source, *, keep=True):
        away = Deidentifier(connection, made)
        relation = away.relation(source, "fhir", "Patient")
        found = dict(connection.execute(f"SELECT record, id FROM {relation}").fetchall())
        if keep:
            away.keep()
        return found

    half = "(SELECT * FROM given WHERE record % 2 = 0 ORDER BY record DESC)"
    first = ids(plan("safe_harbor", seed=1), half)
    whole = ids(plan("safe_harbor", seed=2), "given")
    assert first.items() <= whole.items()
    assert len(set(whole.values())) == 99
    # A load that came to nothing has kept nothing.
    connection.execute("INSERT INTO given VALUES ('new', 100)")
    lost = ids(plan("safe_harbor", seed=3), "given", keep=False)
    again = ids(plan("safe_harbor", seed=4), "given")
    assert whole.items() <= lost.items() & again.items()
    assert lost[100] != again[100]


def test_random_codes_do_not_follow_from_the_identifier(connection, plan, tmp_path):
    """The same id and key in another store: another code (45 CFR 164.514(c)(1))."""
    connection.execute("CREATE TEMP TABLE given AS SELECT 'p1' AS id")
    found = set()
    for place in range(3):
        made = plan("safe_harbor", seed=place)
        made = DeidentifyPlan(**{**vars(made), "codes": tmp_path / str(place)})
        relation = Deidentifier(connection, made).relation("given", "fhir", "Patient")
        found |= set(connection.execute(f"SELECT id FROM {relation}").fetchall())
    assert len(found) == 3


def test_files_of_codes_are_for_their_owner_alone(connection, plan):
    connection.execute("CREATE TEMP TABLE given AS SELECT 'p1' AS id")
    made = plan("safe_harbor")
    away = Deidentifier(connection, made)
    away.relation("given", "fhir", "Patient")
    assert away.keep() == 1
    assert away.keep() == 0
    (kept,) = made.codes.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    assert made.codes.stat().st_mode & 0o077 == 0


def test_a_file_of_codes_that_is_cut_off_is_refused(connection, plan):
    made = plan("safe_harbor")
    made.codes.mkdir()
    (made.codes / "0.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError) as error:
        Deidentifier(connection, made)
    assert error.value.code == "deidentify-codes-unusable"


def test_equal_ids_of_two_sources_get_two_pseudonyms(connection, plan):
    connection.execute("CREATE TEMP TABLE given AS SELECT 'p1' AS id")
    found = set()
    for source in ("", "north", "south"):
        away = Deidentifier(connection, plan(), source)
        relation = away.relation("given", "fhir", "Patient")
        found |= set(connection.execute(f"SELECT id FROM {relation}").fetchall())
    assert len(found) == 3


@pytest.mark.parametrize("mode", MODES)
def test_a_later_version_of_a_resource_stays_the_later_one(connection, plan, mode):
    """Whatever the zone it is written in; and of which day it was cannot be seen."""
    connection.execute(
        "CREATE TEMP TABLE given AS SELECT * FROM (VALUES "
        "('o', '2024-03-01T10:00:00+05:00', '9', 1), ('o', '2024-03-01T06:00:00Z', '10', 2), "
        "('o', '2024-03-01T02:00:00-05:00', '11', 3), ('o', NULL, NULL, 0), "
        "('o', 'yesterday', 'abc', 4)) t(id, updated, version, record)"
    )
    relation = Deidentifier(connection, plan(mode)).relation("given", "fhir", "Observation")
    rows = connection.execute(
        f"SELECT updated, version FROM {relation} ORDER BY record"
    ).fetchall()
    times = [row[0] for row in rows[1:4]]
    assert times == sorted(times)
    assert len(set(times)) == 3
    assert not any(time.startswith("2024-03-01") for time in times)
    versions = [int(row[1]) for row in rows[1:4]]
    assert [v - versions[0] for v in versions] == [0, 1, 2]
    assert rows[0] == (None, None)
    assert rows[4] == (None, None)


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
    named = (
        "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split()
    )
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


# -- the plan --------------------------------------------------------------------


def test_no_plan_without_the_setting(tmp_path):
    for settings in ({}, {"data": {"deidentify": "none"}}):
        assert plan_from(settings, tmp_path, os.urandom, today=TODAY) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", MODES)
def test_the_key_is_made_once_for_its_owner_alone(tmp_path, mode):
    settings = {"data": {"deidentify": mode}}
    first = plan_from(settings, tmp_path, os.urandom, today=TODAY)
    second = plan_from(settings, tmp_path, os.urandom, today=TODAY)
    assert first.key == second.key
    assert len(first.key) == 32
    assert (tmp_path / "deidentify.key").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["deidentify.key"]
    assert first.calendar == {"safe_harbor": "year", "shifted": "shifted"}[mode]


def test_shifted_is_never_called_safe_harbor(plan):
    assert "safe" not in str(plan("shifted").describe()).lower()
    assert "safe" not in repr(plan("shifted").mode).lower()


def test_a_key_that_others_may_read_is_refused(tmp_path):
    settings = {"data": {"deidentify": "shifted"}}
    plan_from(settings, tmp_path, os.urandom, today=TODAY)
    (tmp_path / "deidentify.key").chmod(0o644)
    with pytest.raises(AccessError) as error:
        plan_from(settings, tmp_path, os.urandom, today=TODAY)
    assert error.value.code == "deidentify-key-readable"


def test_a_key_of_another_length_is_refused(tmp_path):
    (tmp_path / "deidentify.key").write_bytes(b"short")
    (tmp_path / "deidentify.key").chmod(0o600)
    with pytest.raises(DataError) as error:
        plan_from({"data": {"deidentify": "shifted"}}, tmp_path, os.urandom, today=TODAY)
    assert error.value.code == "deidentify-key-unusable"


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(DefinitionError) as error:
        plan_from({"data": {"deidentify": "anonymous"}}, tmp_path, os.urandom, today=TODAY)
    assert error.value.code == "deidentify-mode"


def test_another_mode_key_or_setting_is_refused_and_a_new_year_makes_stale(plan):
    first = plan()
    assert insist_alike(first, first.describe()) is False
    assert insist_alike(None, None) is False
    later = DeidentifyPlan(**{**vars(first), "reference_year": 2027})
    assert insist_alike(later, first.describe()) is True
    others = (None, plan("safe_harbor"), plan(key=bytes(32)), plan(keep_names=True))
    for other in others:
        with pytest.raises(DataError) as error:
            insist_alike(other, first.describe())
        assert error.value.code == "deidentify-changed"
    with pytest.raises(DataError):
        insist_alike(first, None)


def test_the_fingerprint_follows_the_settings_and_hides_the_key(plan):
    prints = {
        plan().fingerprint(),
        plan("safe_harbor").fingerprint(),
        plan(key=bytes(32)).fingerprint(),
        plan(keep_systems=("http://lab.example",)).fingerprint(),
    }
    assert len(prints) == 4
    assert plan().fingerprint() == plan(seed=99).fingerprint()


# -- the last look ---------------------------------------------------------------


@pytest.mark.parametrize(
    "planted",
    {
        "location.city": "INSERT INTO location (location_id, city) VALUES (1, 'B')",
        "location.zip": "INSERT INTO location (location_id, zip) VALUES (1, '02139')",
        "location.state": "INSERT INTO location (location_id, state) VALUES (1, 'B')",
        "provider.npi": "INSERT INTO provider (provider_id, npi) VALUES (1, '1')",
        "death.death_date": "INSERT INTO death (person_id, death_date) VALUES (1, DATE '2024-02-03')",
        "death.death_datetime": "INSERT INTO death (person_id, death_datetime) VALUES (1, TIMESTAMP '2024-01-01 00:00:00')",
        "person.gender_source_value": "INSERT INTO person (person_id, gender_source_value) VALUES (1, 'Ann')",
    }.items(),
    ids=lambda one: one[0],
)  # fmt: skip
def test_what_is_left_over_is_found_at_the_last_look(connection, plan, planted):
    column, insert = planted
    create_tables(connection)
    insist_on_none(connection, plan("safe_harbor"))
    connection.execute(insert)
    with pytest.raises(DataError) as error:
        insist_on_none(connection, plan("safe_harbor"))
    assert error.value.code == "deidentify-incomplete"
    assert column in str(error.value)


def test_a_supply_counted_from_a_years_first_day_ends_in_its_year(connection, plan):
    create_tables(connection)
    connection.execute(
        "INSERT INTO drug_exposure (drug_exposure_id, drug_exposure_start_date, "
        "drug_exposure_end_date) VALUES (1, DATE '2024-01-01', DATE '2024-01-30')"
    )
    Deidentifier(connection, plan("safe_harbor")).finish()
    found = connection.execute("SELECT drug_exposure_end_date FROM drug_exposure")
    assert found.fetchall() == [(dt.date(2024, 1, 1),)]


def test_the_tables_of_the_mapping_are_read_by_people(plan):
    """Each class is explained; each file has a header and no empty line."""
    folder = files("rounds.datamart") / "mappings"
    for name in ("", "_zip3", "_systems", "_places", "_ages"):
        text = (folder / f"deidentify{name}.csv").read_text("utf-8")
        rows = list(csv.reader(text.splitlines()))
        assert len({len(row) for row in rows}) == 1
        assert text.endswith("\n")
    assert classes_of("omop", "person")["person_id"]["class"] == "id"
