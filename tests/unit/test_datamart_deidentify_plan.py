"""The plan of de-identification, its key, and the last look at what was made."""

import csv
import datetime as dt
import os
import random
from importlib.resources import files

import duckdb
import pytest

from rounds.datamart.cdm import create_tables
from rounds.datamart.deidentify import (
    MODES,
    Deidentifier,
    DeidentifyPlan,
    insist_alike,
    plan_from,
)
from rounds.datamart.deidentify.classes import classes_of
from rounds.datamart.deidentify.inspection import insist_on_none
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
    assert "safe" not in plan("shifted").stamp().lower()
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
        plan_from(
            {"data": {"deidentify": "shifted"}}, tmp_path, os.urandom, today=TODAY
        )
    assert error.value.code == "deidentify-key-unusable"


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(DefinitionError) as error:
        plan_from(
            {"data": {"deidentify": "anonymous"}}, tmp_path, os.urandom, today=TODAY
        )
    assert error.value.code == "deidentify-mode"


def test_another_mode_key_or_setting_is_refused_and_a_new_year_makes_stale(plan):
    first = plan()
    assert insist_alike(first, first.stamp()) is False
    assert insist_alike(None, "") is False
    later = DeidentifyPlan(**{**vars(first), "reference_year": 2027})
    assert insist_alike(later, first.stamp()) is True
    others = (None, plan("safe_harbor"), plan(key=bytes(32)), plan(keep_names=True))
    for other in others:
        with pytest.raises(DataError) as error:
            insist_alike(other, first.stamp())
        assert error.value.code == "deidentify-changed"
    with pytest.raises(DataError):
        insist_alike(first, "")


def test_the_stamp_follows_the_settings_and_hides_the_key(plan):
    prints = {
        plan().stamp(),
        plan("safe_harbor").stamp(),
        plan(key=bytes(32)).stamp(),
        plan(keep_systems=("http://lab.example",)).stamp(),
    }
    assert len(prints) == 4
    assert plan().stamp() == plan(seed=99).stamp()


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
        "drug_exposure_end_date) VALUES (1099511627776, DATE '2024-01-01', DATE '2024-01-30')"
    )
    Deidentifier(connection, plan("safe_harbor")).finish()
    found = connection.execute("SELECT drug_exposure_end_date FROM drug_exposure")
    assert found.fetchall() == [(dt.date(2024, 1, 1),)]


def test_the_tables_of_the_mapping_are_read_by_people(plan):
    """Each class is explained; each file has a header and no empty line."""
    folder = files("rounds.datamart") / "mappings"
    for name in ("", "_zip3", "_systems", "_places", "_numbers"):
        text = (folder / f"deidentify{name}.csv").read_text("utf-8")
        rows = list(csv.reader(text.splitlines()))
        assert len({len(row) for row in rows}) == 1
        assert text.endswith("\n")
    assert classes_of("omop", "person")["person_id"]["class"] == "id"
