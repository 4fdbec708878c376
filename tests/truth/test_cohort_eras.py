"""Eras derived from occurrences, against eras worked out by hand."""

import datetime as dt

import duckdb
import pytest

from rounds.datamart.cohorts.eras import era_sql

DAY = dt.date(2024, 1, 1)


def day(n):
    return DAY + dt.timedelta(n)


@pytest.fixture
def engine():
    with duckdb.connect() as connection:
        connection.execute("""
            CREATE SCHEMA cdm;
            CREATE TABLE cdm.condition_occurrence (person_id BIGINT,
                condition_concept_id BIGINT, condition_start_date DATE,
                condition_end_date DATE);
            CREATE TABLE cdm.drug_exposure (person_id BIGINT, drug_concept_id BIGINT,
                drug_exposure_start_date DATE, drug_exposure_end_date DATE,
                days_supply INTEGER, quantity DOUBLE);
            CREATE TABLE cdm.concept (concept_id BIGINT, concept_class_id VARCHAR,
                invalid_reason VARCHAR);
            CREATE TABLE cdm.concept_ancestor (ancestor_concept_id BIGINT,
                descendant_concept_id BIGINT);
            CREATE TABLE cdm.drug_strength (drug_concept_id BIGINT,
                ingredient_concept_id BIGINT, amount_value DOUBLE,
                amount_unit_concept_id BIGINT, invalid_reason VARCHAR);
        """)
        yield connection


def eras(engine, table, *, ingredients=True):
    query = era_sql(table, "cdm", ingredients=ingredients)
    found = engine.execute(f"SELECT * EXCLUDE ({table}_id) FROM ({query}) ORDER BY ALL")
    return found.fetchall()


def test_occurrences_thirty_days_apart_are_one_era_and_thirty_one_are_two(engine):
    engine.executemany(
        "INSERT INTO cdm.condition_occurrence VALUES (?, ?, ?, ?)",
        [
            (1, 10, day(0), day(5)),
            (1, 10, day(35), day(40)),  # 30 days after: still the same
            (1, 10, day(71), None),  # 31 days after: another, of one day
            (1, 11, day(3), day(4)),  # another concept
            (2, 10, day(0), day(90)),
            (2, 10, day(10), day(20)),  # within
            (2, 10, day(110), day(111)),
            (3, 0, day(0), day(1)),  # of no concept: of no era
        ],
    )
    assert eras(engine, "condition_era") == [
        (1, 10, day(0), day(40), 2),
        (1, 10, day(71), day(72), 1),
        (1, 11, day(3), day(4), 1),
        (2, 10, day(0), day(111), 3),
    ]


DRUGS = [
    (1, 21, day(0), None, 10, 20.0),  # until day 10
    (1, 22, day(20), day(30), None, None),  # the same ingredient, 10 days later
    (1, 21, day(100), None, None, None),  # of one day
]


def test_a_drug_era_is_of_an_ingredient_and_knows_its_gaps(engine):
    engine.executemany("INSERT INTO cdm.drug_exposure VALUES (?, ?, ?, ?, ?, ?)", DRUGS)
    engine.execute("INSERT INTO cdm.concept VALUES (20, 'Ingredient', NULL)")
    engine.execute("INSERT INTO cdm.concept_ancestor VALUES (20, 21), (20, 22)")
    assert eras(engine, "drug_era") == [
        (1, 20, day(0), day(30), 2, 10),
        (1, 20, day(100), day(101), 1, 0),
    ]
    assert eras(engine, "drug_era", ingredients=False) == [
        (1, 21, day(0), day(10), 1, 0),
        (1, 21, day(100), day(101), 1, 0),
        (1, 22, day(20), day(30), 1, 0),
    ]


def test_gap_days_are_those_that_no_exposure_covers(engine):
    """The CDM's convention: days of two exposures at once are no supply for later."""
    engine.executemany(
        "INSERT INTO cdm.drug_exposure VALUES (?, 20, ?, ?, NULL, NULL)",
        [
            (1, day(0), day(10)),
            (1, day(0), day(10)),  # the same, twice
            (1, day(30), day(40)),  # 20 days later
            (2, day(0), day(30)),
            (2, day(5), day(10)),  # within
            (2, day(45), day(50)),  # 15 days after the longer one
            (2, day(48), day(60)),
        ],
    )
    assert eras(engine, "drug_era", ingredients=False) == [
        (1, 20, day(0), day(40), 3, 20),
        (2, 20, day(0), day(60), 4, 15),
    ]


def test_a_dose_era_ends_where_the_daily_dose_changes(engine):
    engine.executemany(
        "INSERT INTO cdm.drug_exposure VALUES (?, ?, ?, ?, ?, ?)",
        [
            (1, 21, day(0), None, 10, 20.0),  # 2 × 5 mg a day
            (1, 21, day(12), None, 10, 20.0),
            (1, 21, day(30), None, 10, 10.0),  # 1 × 5 mg a day
        ],
    )
    engine.execute("INSERT INTO cdm.drug_strength VALUES (21, 20, 5, 8576, NULL)")
    assert eras(engine, "dose_era") == [
        (1, 20, 8576, 5.0, day(30), day(40)),
        (1, 20, 8576, 10.0, day(0), day(22)),
    ]
