"""Shifted dates keep every interval of a person; offsets are alike and never none."""

import datetime as dt
import random

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rounds.datamart.deidentify import Deidentifier, DeidentifyPlan, pseudonyms

DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2026, 6, 30))


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect(config={"threads": 1}) as opened:
        yield opened


def plan(folder, mode="shifted"):
    return DeidentifyPlan(
        mode=mode,
        key=bytes(range(32)),
        reference_year=2026,
        codes=folder,
        random_bytes=random.Random(7).randbytes,
    )


@pytest.fixture(scope="module")
def away(connection, tmp_path_factory):
    return Deidentifier(connection, plan(tmp_path_factory.mktemp("private")))


@settings(max_examples=60, deadline=None)
@given(
    days=st.lists(DAYS, min_size=2, max_size=12),
    person=st.text("abcdefgh0123456789-.", min_size=1, max_size=8),
    time=st.sampled_from(["", "T10:20", "T10:20:30Z", "T23:59:59.123+05:30"]),
)
def test_fhir_dates_of_a_person_move_together(connection, away, days, person, time):
    """Across resources, birth and death: each interval is the same to the day."""
    listed = ", ".join(f"('o{i}', '{d}{time}')" for i, d in enumerate(days))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE given AS SELECT id, 'Patient/{person}' AS subject, "
        f"start FROM (VALUES {listed}) t(id, start)"
    )
    relation = away.relation("given", "fhir", "Observation")
    moved = [
        row[0] for row in connection.execute(f"SELECT start FROM {relation}").fetchall()
    ]
    assert all(one[10:] == time for one in moved)
    first = dt.date.fromisoformat(moved[0][:10]) - days[0]
    assert 1 <= abs(first.days) <= 365
    assert [dt.date.fromisoformat(one[:10]) - first for one in moved] == days
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE given AS SELECT '{person}' AS id, "
        f"'{max(days)}' AS deceased"
    )
    relation = away.relation("given", "fhir", "Patient")
    ((died,),) = connection.execute(f"SELECT deceased FROM {relation}").fetchall()
    assert dt.date.fromisoformat(died) - first == max(days)


@settings(max_examples=60, deadline=None)
@given(days=st.lists(DAYS, min_size=2, max_size=12), person=st.integers(1, 2**60))
def test_omop_dates_of_a_person_move_together(connection, away, days, person):
    listed = ", ".join(
        f"({i}, DATE '{d}', TIMESTAMP '{d} 10:20:30')" for i, d in enumerate(days)
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT i::BIGINT AS measurement_id, "
        f"{person}::BIGINT AS person_id, d AS measurement_date, t AS measurement_datetime "
        f"FROM (VALUES {listed}) v(i, d, t)"
    )
    relation = away.relation("given", "omop", "measurement")
    rows = connection.execute(
        f"SELECT measurement_date, measurement_datetime FROM {relation}"
    ).fetchall()
    first = rows[0][0] - days[0]
    assert 1 <= abs(first.days) <= 365
    assert [day - first for day, _ in rows] == days
    assert [moment - first for _, moment in rows] == [
        dt.datetime.combine(day, dt.time(10, 20, 30)) for day in days
    ]


def test_the_offset_of_a_person_is_the_same_in_fhir_whatever_comes_first(
    connection, away
):
    """It follows from the reference, so a patient who comes late changes nothing."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT 'e' AS id, 'Patient/p' AS subject, "
        "'2024-03-01' AS start"
    )
    events = away.relation("given", "fhir", "Encounter")
    before = connection.execute(f"SELECT start FROM {events}").fetchall()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT 'p' AS id, '2024-03-01' AS birth, "
        "NULL::VARCHAR AS deceased"
    )
    person = away.relation("given", "fhir", "Patient")
    assert connection.execute(f"SELECT birth FROM {person}").fetchall() == before


def test_offsets_are_uniform_and_never_none(connection, away):
    """Chi-squared over 730 cells; the tolerance is a one in ten thousand chance."""
    n = 200_000
    digest = pseudonyms.hmac_sql("'Patient/' || i")
    rows = connection.execute(
        f"SELECT {pseudonyms.offset('d')} AS days, count(*) FROM (SELECT {digest} AS d "
        f"FROM range({n}) r(i)) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    days = [day for day, _ in rows]
    assert days == [*range(-365, 0), *range(1, 366)]
    counts = np.array([count for _, count in rows])
    statistic = ((counts - n / 730) ** 2 / (n / 730)).sum()
    assert stats.chi2.sf(statistic, 729) > 1e-4


def test_who_shares_a_pseudonyms_beginning_shares_no_offset(connection, away):
    """The halves of a digest that are shown and that move dates do not go together."""
    digest = pseudonyms.hmac_sql("'Patient/' || i")
    shown = "CAST('0x' || left(d, 8) AS UBIGINT)"
    rows = connection.execute(
        f"SELECT {shown}::DOUBLE, {pseudonyms.offset('d')}::DOUBLE FROM (SELECT {digest} "
        "AS d FROM range(20000) r(i))"
    ).fetchnumpy()
    first, second = rows.values()
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(20_000)


def test_a_group_of_old_people_does_not_give_their_offset_away(connection, away):
    """All who live and are over 89 have one year of birth, whatever their offset."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT 'p' || i AS id, "
        "strftime(DATE '1900-01-01' + CAST(i * 100 AS INTEGER), '%Y-%m-%d') AS birth, "
        "NULL::VARCHAR AS deceased FROM range(100) r(i)"
    )
    relation = away.relation("given", "fhir", "Patient")
    found = connection.execute(f"SELECT DISTINCT birth FROM {relation}").fetchall()
    assert found == [("1936",)]


def test_in_safe_harbor_every_date_is_the_first_of_its_year(connection, tmp_path):
    away = Deidentifier(connection, plan(tmp_path, "safe_harbor"))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE given AS SELECT 'o' || i AS id, 'Patient/p' AS "
        "subject, strftime(DATE '1990-01-01' + CAST(i * 50 AS INTEGER), "
        "'%Y-%m-%dT10:11:12Z') AS start, i AS record FROM range(400) r(i)"
    )
    relation = away.relation("given", "fhir", "Observation")
    rows = connection.execute(
        f"SELECT r.start, g.start FROM {relation} r JOIN given g USING (record)"
    ).fetchall()
    assert len(rows) == 400
    for year, day in rows:
        assert year == f"{min(int(day[:4]), 2026)}-01-01"
