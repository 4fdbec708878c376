"""Blood pressure control: who is in the initial population."""

import datetime as dt

import pytest

from rounds.definitions import builtin_measures
from rounds.nouns import NotEstimable, Period
from stories.one_patient import HYPERTENSION, PEOPLE, VISIT, counts, tables

MEASURE = builtin_measures()["blood-pressure-control"]


@pytest.mark.parametrize(
    ("born", "counted"),
    [
        ("2007-12-31", 1),  # 18 on the last day
        ("2008-01-01", 0),  # 18 on the day after
        ("1939-12-31", 0),  # 86 on the last day
        ("1940-01-01", 1),  # 85 on the last day
    ],
)
def test_age_is_taken_at_the_end_of_the_period(spec, born, counted):
    """Persons of 18 to 85 on the period's last day are counted, both ages included."""
    people = f"""
        person | born   | sex
        -------+--------+----
             1 | 1965-06-15 | F
             2 | {born} | M
    """
    diagnoses = """
        person | code    | from
        -------+---------+-----------
             2 | icd I10 | 2020-01-01
    """
    visits = """
        person | day
        -------+-----------
             2 | 2025-03-01
    """
    if not counted:
        diagnoses += "             1 | icd I10 | 2020-01-01\n"
        visits += "             1 | 2025-03-01\n"
    spec(
        tables(people=people, diagnoses=diagnoses, visits=visits),
        MEASURE,
        {"initial_population": 1, "denominator": 1},
    )


def test_a_birthday_on_29_february_turns_on_1_march(spec):
    """Someone born on 29 February is a year older on 1 March of a common year."""
    people = """
        person | born
        -------+-----------
             1 | 2004-02-29
             2 | 1960-01-01
    """
    both = """
        person | code    | from
        -------+---------+-----------
             1 | icd I10 | 2020-01-01
             2 | icd I10 | 2020-01-01
    """
    visits = """
        person | day
        -------+-----------
             1 | 2022-02-01
             2 | 2022-02-01
    """
    period = Period(start=dt.date(2021, 3, 1), end=dt.date(2022, 2, 28))
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             2 | 2022-02-01 |      130 |        80
    """
    made = {"people": people, "diagnoses": both, "visits": visits, "readings": readings}
    spec(made, MEASURE, {"initial_population": 1}, period=period)


@pytest.mark.parametrize(
    ("begun", "counted"),
    [
        ("2019-05-05", 1),
        ("2025-06-30", 1),  # the last day of the sixth month
        ("2025-07-01", 0),  # the seventh month
    ],
)
def test_a_diagnosis_begins_by_the_end_of_the_sixth_month(spec, begun, counted):
    """A diagnosis that begins in the seventh month of the period is not counted."""
    people = PEOPLE + "         2 | 1960-01-01 | M\n"
    visits = VISIT + "        2 |      2 | 2025-03-01 | outpatient\n"
    diagnoses = HYPERTENSION + f"         2 | icd I10 | {begun}\n"
    spec(
        tables(people=people, visits=visits, diagnoses=diagnoses),
        MEASURE,
        {"initial_population": 1 + counted},
    )


@pytest.mark.parametrize(
    ("ended", "counted"),
    [("", 1), ("2024-12-31", 0), ("2025-01-01", 1), ("2025-02-01", 1)],
)
def test_a_diagnosis_continues_into_the_period(spec, ended, counted):
    """One that ended before the period is over; one with no end goes on."""
    diagnoses = f"""
        person | code    | from       | to
        -------+---------+------------+--------
             1 | icd I10 | 2020-01-01 | {ended}
    """
    made = tables(diagnoses=diagnoses)
    if counted:
        spec(made, MEASURE, counts(1, 1))
    else:
        made["people"] = PEOPLE + "         2 | 1960-01-01 | M\n"
        made["diagnoses"] = diagnoses + "             2 | icd I10 | 2020-01-01 |\n"
        made["visits"] = VISIT + "        2 |      2 | 2025-03-01 | outpatient\n"
        spec(made, MEASURE, counts(1, 0))


@pytest.mark.parametrize("code", ["icd I10", "sct 59621000", "sct 38341003"])
def test_each_code_of_hypertension(spec, code):
    """ICD-10-CM I10, SNOMED CT 59621000 and Synthea's 38341003 are hypertension."""
    diagnoses = f"""
        person | code   | from
        -------+--------+-----------
             1 | {code} | 2020-01-01
    """
    spec(tables(diagnoses=diagnoses), MEASURE, counts(1, 1))


@pytest.mark.parametrize("code", ["icd I11.9", "icd I15.0", "icd I1", "rx I10"])
def test_other_codes_are_not_hypertension(run, code):
    """Secondary hypertension, a shorter code, or the code of another system is not it."""
    diagnoses = f"""
        person | code   | from
        -------+--------+-----------
             1 | {code} | 2020-01-01
    """
    assert isinstance(run(tables(diagnoses=diagnoses), MEASURE), NotEstimable)


def test_without_its_addition_synthea_is_not_counted(run):
    """Switched off, the broader SNOMED CT code no longer makes a patient hypertensive."""
    diagnoses = """
        person | code         | from
        -------+--------------+-----------
             1 | sct 38341003 | 2020-01-01
    """
    strict = MEASURE.switched("synthea", enabled=False)
    result = run(tables(diagnoses=diagnoses), strict)
    assert isinstance(result, NotEstimable)
    assert "Essential hypertension" in result.reason
    assert strict.ref() != MEASURE.ref()


@pytest.mark.parametrize(
    ("kind", "day", "counted"),
    [
        ("outpatient", "2025-12-31", 1),
        ("outpatient", "2024-12-31", 0),
        ("outpatient", "2026-01-01", 0),
        ("emergency", "2025-03-01", 0),
        ("inpatient", "2025-03-01", 0),
    ],
)
def test_a_qualifying_visit_in_the_period(spec, kind, day, counted):
    """Only an outpatient visit, home visit or telehealth in the period qualifies."""
    people = PEOPLE + "         2 | 1960-01-01 | M\n"
    diagnoses = HYPERTENSION + "         2 | icd I10 | 2020-01-01\n"
    visits = VISIT + f"        2 |      2 | {day} | {kind}\n"
    spec(
        tables(people=people, diagnoses=diagnoses, visits=visits),
        MEASURE,
        {"initial_population": 1 + counted},
    )
