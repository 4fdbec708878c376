"""Blood pressure control: which reading decides, tables in, counts out."""

import pytest

from rounds.definitions import builtin_measures
from stories.one_patient import counts, tables

MEASURE = builtin_measures()["blood-pressure-control"]


def test_last_pressure_below_140_over_90_is_controlled(spec):
    """A person whose last day has readings below 140 and 90 meets the numerator."""
    spec(tables(), MEASURE, counts(1, 1))


@pytest.mark.parametrize(
    ("systolic", "diastolic", "met"),
    [(139, 89, 1), (140, 89, 0), (139, 90, 0), (139.9, 89.9, 1)],
)
def test_limits_are_not_included(spec, systolic, diastolic, met):
    """A systolic of 140 or a diastolic of 90 is not controlled."""
    readings = f"""
        person | day        | systolic   | diastolic
        -------+------------+------------+-----------
             1 | 2025-03-01 | {systolic} | {diastolic}
    """
    spec(tables(readings=readings), MEASURE, counts(1, met))


def test_no_reading_is_not_controlled(spec):
    """A person without a reading in the period is in the denominator and fails."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2024-12-31 |      130 |        80
    """
    spec(tables(readings=readings), MEASURE, counts(1, 0))


def test_the_most_recent_day_decides(spec):
    """An earlier controlled day does not help where the last day is not controlled."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-03-01 |      120 |        70
             1 | 2025-09-01 |      150 |        70
    """
    spec(tables(readings=readings), MEASURE, counts(1, 0))


def test_lowest_of_each_on_the_day(spec):
    """Lowest systolic and lowest diastolic may come from different readings of the day."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-03-01 |      150 |        80
             1 | 2025-03-01 |      135 |        95
    """
    spec(tables(readings=readings), MEASURE, counts(1, 1))


def test_the_day_needs_both_readings(spec):
    """A later day with a systolic alone is passed over for the last day with both."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-03-01 |      130 |        80
             1 | 2025-09-01 |      170 |
    """
    spec(tables(readings=readings), MEASURE, counts(1, 1))


def test_both_readings_on_different_days_are_no_day(spec):
    """A systolic on one day and a diastolic on another never make a reading."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-03-01 |      130 |
             1 | 2025-03-02 |          |        80
    """
    spec(tables(readings=readings), MEASURE, counts(1, 0))


@pytest.mark.parametrize("barred", ["emergency", "inpatient"])
def test_emergency_and_inpatient_readings_are_ignored(spec, barred):
    """A later reading from an emergency or inpatient visit does not count."""
    visits = f"""
        visit | person | day        | class
        ------+--------+------------+-----------
            1 |      1 | 2025-03-01 | outpatient
            2 |      1 | 2025-09-01 | {barred}
    """
    readings = """
        person | day        | systolic | diastolic | visit
        -------+------------+----------+-----------+------
             1 | 2025-03-01 |      130 |        80 |     1
             1 | 2025-09-01 |      180 |       100 |     2
    """
    spec(tables(visits=visits, readings=readings), MEASURE, counts(1, 1))


def test_a_day_is_not_eligible_if_one_of_the_two_is_barred(spec):
    """On a day with a clinic systolic and an emergency diastolic, there is no pair."""
    visits = """
        visit | person | day        | class
        ------+--------+------------+-----------
            1 |      1 | 2025-03-01 | outpatient
            2 |      1 | 2025-03-01 | emergency
    """
    readings = """
        person | day        | systolic | diastolic | visit
        -------+------------+----------+-----------+------
             1 | 2025-03-01 |      130 |           |     1
             1 | 2025-03-01 |          |        80 |     2
    """
    spec(tables(visits=visits, readings=readings), MEASURE, counts(1, 0))


@pytest.mark.parametrize("place", ["telehealth", "home"])
def test_home_and_telehealth_readings_count(spec, place):
    """A reading from telehealth or a home visit counts, and so does the visit."""
    visits = f"""
        visit | person | day        | class
        ------+--------+------------+-----------
            1 |      1 | 2025-03-01 | {place}
    """
    spec(tables(visits=visits), MEASURE, counts(1, 1))


def test_a_reading_without_a_visit_counts(spec):
    """A reading from a home device, sent in without a visit, counts."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-08-01 |      130 |        80
    """
    spec(tables(readings=readings), MEASURE, counts(1, 1))


@pytest.mark.parametrize(
    ("day", "met"),
    [("2025-01-01", 1), ("2025-12-31", 1), ("2024-12-31", 0), ("2026-01-01", 0)],
)
def test_both_ends_of_the_period_are_in_it(spec, day, met):
    """Readings on the first and the last day count; the day before and after do not."""
    readings = f"""
        person | day   | systolic | diastolic
        -------+-------+----------+-----------
             1 | {day} |      130 |        80
    """
    spec(tables(readings=readings), MEASURE, counts(1, met))
