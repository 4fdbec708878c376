"""Blood pressure control, clause by clause: tables in, counts out, on every engine."""

import datetime as dt

import pytest

from rounds.definitions import builtin_measures
from rounds.nouns import NotEstimable, Period

MEASURE = builtin_measures()["blood-pressure-control"]

PEOPLE = """
    person | born       | sex
    -------+------------+----
         1 | 1965-06-15 | F
"""
HYPERTENSION = """
    person | code    | from
    -------+---------+-----------
         1 | icd I10 | 2020-01-01
"""
VISIT = """
    visit | person | day        | class
    ------+--------+------------+-----------
        1 |      1 | 2025-03-01 | outpatient
"""
CONTROLLED = """
    person | day        | systolic | diastolic | visit
    -------+------------+----------+-----------+------
         1 | 2025-03-01 |      130 |        80 |     1
"""


def tables(**changed):
    return {
        "people": PEOPLE,
        "diagnoses": HYPERTENSION,
        "visits": VISIT,
        "readings": CONTROLLED,
        **changed,
    }


def counts(denominator, numerator, exclusion=0):
    return {
        "denominator": denominator,
        "denominator_exclusion": exclusion,
        "numerator": numerator,
    }


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


SECOND = {
    "people": PEOPLE + "         2 | 1950-01-01 | F\n",
    "diagnoses": HYPERTENSION + "         2 | icd I10 | 2020-01-01\n",
    "visits": VISIT + "        2 |      2 | 2025-03-01 | outpatient\n",
    "readings": CONTROLLED + "         2 | 2025-03-01 | 120 | 70 | 2\n",
}


@pytest.mark.parametrize(
    "code",
    [
        "icd O09.90",
        "icd Z33.1",
        "icd Z34.00",
        "sct 77386006",
        "sct 72892002",
        "icd N18.5",
        "icd N18.6",
        "icd Z99.2",
        "icd Z94.0",
        "sct 46177005",
        "sct 433146000",
        "sct 161665007",
        "icd Z51.5",
    ],
)
def test_an_excluding_diagnosis_in_the_period_leaves_both_counts(spec, code):
    """Exclusions leave the numerator as well as the denominator."""
    made = dict(SECOND)
    made["diagnoses"] += f"         2 | {code} | 2025-02-01\n"
    spec(made, MEASURE, {"initial_population": 2, **counts(1, 1, exclusion=1)})


def test_an_exclusion_that_ended_before_the_period_is_over(spec):
    """A pregnancy that ended the year before does not exclude."""
    diagnoses = """
        person | code         | from       | to
        -------+--------------+------------+-----------
             1 | icd I10      | 2020-01-01 |
             1 | sct 72892002 | 2024-01-01 | 2024-09-01
    """
    spec(tables(diagnoses=diagnoses), MEASURE, counts(1, 1))


@pytest.mark.parametrize(
    ("code", "day", "excluded"),
    [
        ("sct 70536003", "2001-01-01", 1),  # a transplant long ago
        ("sct 302497006", "2025-12-31", 1),
        ("sct 302497006", "2026-01-01", 0),
        ("sct 385763009", "2025-05-01", 1),  # hospice in the period
        ("sct 385763009", "2024-05-01", 0),  # hospice the year before
        ("sct 103735009", "2025-05-01", 1),
    ],
)
def test_excluding_procedures(spec, code, day, excluded):
    """Dialysis and transplant exclude for ever after, hospice only in the period."""
    procedures = f"""
        person | code   | day
        -------+--------+------
             2 | {code} | {day}
    """
    spec(
        {**SECOND, "procedures": procedures},
        MEASURE,
        counts(2 - excluded, 2 - excluded, exclusion=excluded),
    )


def test_a_nursing_home_excludes_from_66_years(spec):
    """Living in a nursing home excludes at 66 and older, and not at 60."""
    observations = """
        person | code          | day
        -------+---------------+-----------
             1 | sct 160734000 | 2025-05-01
             2 | sct 160734000 | 2025-05-01
    """
    spec({**SECOND, "observations": observations}, MEASURE, counts(1, 1, exclusion=1))


def test_who_opted_out_is_nowhere(spec):
    """A person who opted out is in no population."""
    spec(
        SECOND,
        MEASURE,
        {"initial_population": 1, **counts(1, 1)},
        without=frozenset({"p2"}),
    )


def test_other_units_are_not_used_and_are_said(run):
    """Readings in kPa, or without a unit, are passed over and counted among limitations."""
    readings = """
        person | day        | systolic | diastolic | unit
        -------+------------+----------+-----------+-------
             1 | 2025-03-01 |      150 |        80 | mmHg
             1 | 2025-04-01 |       17 |        10 | kPa
    """
    result = run(tables(readings=readings), MEASURE)
    assert result.populations["numerator"] == 0
    assert any("1 to 10 values of Systolic" in line for line in result.limitations)


def test_no_blood_pressure_at_all_is_not_estimable(run):
    """A datamart without any blood pressure cannot say that nobody is controlled."""
    result = run(tables(readings="person | day\n---\n"), MEASURE)
    assert isinstance(result, NotEstimable)
    assert "Systolic blood pressure" in result.reason
    assert "Diastolic blood pressure" in result.reason


def test_all_in_another_unit_is_not_estimable(run):
    """Blood pressure in kPa alone is no blood pressure in mm[Hg]."""
    readings = """
        person | day        | systolic | diastolic | unit
        -------+------------+----------+-----------+-----
             1 | 2025-03-01 |       17 |        10 | kPa
    """
    result = run(tables(readings=readings), MEASURE)
    assert isinstance(result, NotEstimable)
    assert "mm[Hg]" in result.reason


def test_nobody_in_the_denominator_is_not_estimable(run):
    """A period in which nobody was seen has no rate."""
    period = Period(start=dt.date(2023, 1, 1), end=dt.date(2023, 12, 31))
    result = run(tables(), MEASURE, period=period)
    assert isinstance(result, NotEstimable)
    assert "denominator" in result.reason


def test_a_person_belongs_to_the_site_of_most_visits(run):
    """Most outpatient visits first, then the latest visit, then the first by id."""
    people = """
        person | born
        -------+-----------
             1 | 1960-01-01
             2 | 1960-01-01
             3 | 1960-01-01
             4 | 1960-01-01
    """
    diagnoses = """
        person | code    | from
        -------+---------+-----------
             1 | icd I10 | 2020-01-01
             2 | icd I10 | 2020-01-01
             3 | icd I10 | 2020-01-01
             4 | icd I10 | 2020-01-01
    """
    visits = """
        person | day        | site | class
        -------+------------+------+-----------
             1 | 2025-01-10 | a    | outpatient
             1 | 2025-01-20 | a    | outpatient
             1 | 2025-09-20 | b    | outpatient
             1 | 2025-09-21 | c    | emergency
             1 | 2025-09-22 | c    | emergency
             1 | 2025-09-23 | c    | emergency
             2 | 2025-01-10 | a    | outpatient
             2 | 2025-01-11 | b    | outpatient
             3 | 2025-01-10 | b    | outpatient
             3 | 2025-01-10 | a    | outpatient
             4 | 2025-01-10 |      | outpatient
    """
    made = {
        "people": people,
        "diagnoses": diagnoses,
        "visits": visits,
        "readings": CONTROLLED,
    }
    result = run(made, MEASURE, by="care_site")
    found = [(unit.unit, unit.denominator, unit.numerator) for unit in result.by]
    assert found == [("a", 2, 1), ("b", 1, 0), ("(no site)", 1, 0)]


def test_a_month_counts_who_was_measured_in_it(run):
    """By month, a person counts in each month with a pair, judged by its last day."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-03-01 |      150 |        80
             1 | 2025-03-20 |      130 |        80
             1 | 2025-05-02 |      160 |        80
             1 | 2025-06-02 |      120 |
             2 | 2025-03-05 |      160 |        80
    """
    result = run({**SECOND, "readings": readings}, MEASURE, by="month")
    found = [(unit.unit, unit.denominator, unit.numerator) for unit in result.by]
    assert found == [("2025-03", 2, 1), ("2025-05", 1, 0)]


def test_groups_by_sex_age_and_vulnerability(run):
    """Groups are labelled; who has no SVI is listed last, as what it is."""
    observations = """
        person | code           | day        | value
        -------+----------------+------------+------
             1 | svi RPL_THEMES | 2019-01-01 | 0.10
             1 | svi RPL_THEMES | 2020-01-01 | 0.75
    """
    made = {**SECOND, "observations": observations}
    labels = {
        by: [unit.unit for unit in run(made, MEASURE, by=by).by]
        for by in ("sex", "age", "svi_quartile")
    }
    assert labels == {
        "sex": ["F"],
        "age": ["45–64", "75+"],
        "svi_quartile": ["SVI quartile 4", "(no SVI)"],
    }
