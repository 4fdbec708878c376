"""Pseudonyms: made by HMAC or drawn at random, and the same whenever they are met."""

import datetime as dt
import hashlib
import hmac
import random

import duckdb
import pytest

from rounds.datamart.deidentify import (
    MODES,
    Deidentifier,
    DeidentifyPlan,
    pseudonyms,
)
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
    assert "secret" not in made.stamp()
    assert made.key.hex() not in made.stamp()


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
    connection.execute(
        "CREATE TEMP TABLE given AS SELECT 'p' || i AS id FROM range(99) r(i)"
    )

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
        found = dict(
            connection.execute(f"SELECT record, id FROM {relation}").fetchall()
        )
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
    relation = Deidentifier(connection, plan(mode)).relation(
        "given", "fhir", "Observation"
    )
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
