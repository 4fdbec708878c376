"""The measures that begin at an uncontrolled visit: tables in, counts out."""

import pytest

from rounds.definitions import builtin_measures
from rounds.nouns import NotEstimable

MEASURES = builtin_measures()
INTENSIFIED = MEASURES["intensified-after-first-uncontrolled"]
EACH = MEASURES["treatment-intensified"]
SYSTOLIC = MEASURES["systolic-after-first-uncontrolled"]
CONTROLLED = MEASURES["controlled-after-first-uncontrolled"]
LOW = MEASURES["low-pressure-after-first-uncontrolled"]

PEOPLE = """
    person | born
    -------+-----------
         1 | 1965-06-15
"""
HYPERTENSION = """
    person | code    | from
    -------+---------+-----------
         1 | icd I10 | 2020-01-01
"""
VISITS = """
    visit | person | day
    ------+--------+-----------
        1 |      1 | 2025-02-01
        2 |      1 | 2025-03-01
        3 |      1 | 2025-06-01
"""
READINGS = """
    person | day        | systolic | diastolic | visit
    -------+------------+----------+-----------+------
         1 | 2025-02-01 |      120 |        70 |     1
         1 | 2025-03-01 |      150 |        80 |     2
         1 | 2025-06-01 |      120 |        95 |     3
"""
DRUG = """
    person | code     | day
    -------+----------+-----------
         1 | rx 29046 | 2025-03-05
"""


def tables(**changed):
    return {
        "people": PEOPLE,
        "diagnoses": HYPERTENSION,
        "visits": VISITS,
        "readings": READINGS,
        "drugs": DRUG,
        **changed,
    }


def test_the_first_uncontrolled_visit_is_the_index(spec):
    """A controlled visit before it is passed over, later ones are not looked at."""
    spec(tables(), INTENSIFIED, {"denominator": 1, "numerator": 1})


def test_each_uncontrolled_visit_counts(spec):
    """With index: each, both uncontrolled visits count; a drug follows the first only."""
    spec(tables(), EACH, {"denominator": 2, "numerator": 1})


@pytest.mark.parametrize(
    ("systolic", "diastolic", "uncontrolled"),
    [(140, 80, True), (139, 90, True), (139, 89, False)],
)
def test_uncontrolled_is_140_or_90(run, systolic, diastolic, uncontrolled):
    """A systolic of at least 140 or a diastolic of at least 90 is uncontrolled."""
    readings = f"""
        person | day        | systolic   | diastolic
        -------+------------+------------+------------
             1 | 2025-03-01 | {systolic} | {diastolic}
    """
    result = run(tables(readings=readings), INTENSIFIED)
    assert isinstance(result, NotEstimable) is not uncontrolled


def test_a_second_lower_reading_of_the_day_controls_it(run):
    """The lowest reading of the day decides, as a repeat reading should."""
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-03-01 |      150 |        95
             1 | 2025-03-01 |      138 |        88
    """
    assert isinstance(run(tables(readings=readings), INTENSIFIED), NotEstimable)


@pytest.mark.parametrize(
    ("day", "met"),
    [
        ("2025-02-28", 0),
        ("2025-03-01", 1),
        ("2025-03-15", 1),  # day 14
        ("2025-03-16", 0),  # day 15
    ],
)
def test_within_14_days_of_the_visit(spec, day, met):
    """A new code on the visit's day up to the fourteenth day after it counts."""
    drugs = f"""
        person | code     | day
        -------+----------+------
             1 | rx 29046 | {day}
    """
    spec(tables(drugs=drugs), INTENSIFIED, {"denominator": 1, "numerator": met})


def test_a_repeat_prescription_is_not_new(spec):
    """A code that was given at any time before the visit's day is not new."""
    drugs = """
        person | code     | day
        -------+----------+-----------
             1 | rx 29046 | 2019-03-05
             1 | rx 29046 | 2025-03-05
    """
    spec(tables(drugs=drugs), INTENSIFIED, {"denominator": 1, "numerator": 0})


def test_another_strength_is_new(spec):
    """Lisinopril 20 MG after lisinopril 10 MG is a new code, and so intensified."""
    drugs = """
        person | code      | day
        -------+-----------+-----------
             1 | rx 314076 | 2024-03-05
             1 | rx 314076 | 2025-03-05
             1 | rx 314077 | 2025-03-05
    """
    spec(tables(drugs=drugs), INTENSIFIED, {"denominator": 1, "numerator": 1})


def test_another_medicine_does_not_count(spec):
    """A statin is not an antihypertensive."""
    drugs = """
        person | code     | day
        -------+----------+-----------
             1 | rx 83367 | 2025-03-05
             1 | rx 29046 | 2025-09-05
    """
    spec(tables(drugs=drugs), INTENSIFIED, {"denominator": 1, "numerator": 0})


def test_no_antihypertensive_at_all_is_not_estimable(run):
    """Without any medicine in the datamart, nobody can be said not to be treated."""
    result = run(tables(drugs="person | code | day\n---\n"), INTENSIFIED)
    assert isinstance(result, NotEstimable)
    assert "Antihypertensive" in result.reason


@pytest.mark.parametrize(("begun", "found"), [("2025-03-01", 1), ("2025-03-02", 0)])
def test_the_diagnosis_is_there_on_the_day(run, begun, found):
    """Hypertension recorded after the visit does not make that visit an index."""
    diagnoses = f"""
        person | code    | from
        -------+---------+---------
             1 | icd I10 | {begun}
    """
    visits = VISITS.replace("        3 |      1 | 2025-06-01\n", "")
    result = run(tables(diagnoses=diagnoses, visits=visits), INTENSIFIED)
    assert isinstance(result, NotEstimable) is not bool(found)


def test_a_later_visit_is_the_index_where_the_first_came_before_the_diagnosis(spec):
    """The index is the first visit at which all criteria hold."""
    diagnoses = """
        person | code    | from
        -------+---------+-----------
             1 | icd I10 | 2025-04-01
    """
    drugs = """
        person | code     | day
        -------+----------+-----------
             1 | rx 29046 | 2025-06-03
    """
    spec(
        tables(diagnoses=diagnoses, drugs=drugs),
        INTENSIFIED,
        {"denominator": 1, "numerator": 1},
    )


@pytest.mark.parametrize(
    ("born", "found"),
    [("2007-03-01", 1), ("2007-03-02", 0), ("1939-03-02", 1), ("1939-03-01", 0)],
)
def test_age_at_the_index(run, born, found):
    """Persons of 18 to 85 on the visit's day, both included."""
    people = f"""
        person | born
        -------+--------
             1 | {born}
    """
    readings = """
        person | day        | systolic | diastolic
        -------+------------+----------+-----------
             1 | 2025-03-01 |      150 |        80
    """
    result = run(tables(people=people, readings=readings), INTENSIFIED)
    assert isinstance(result, NotEstimable) is not bool(found)


def test_an_emergency_visit_is_no_index(run):
    """An uncontrolled pressure in an emergency room does not start the clock."""
    visits = """
        visit | person | day        | class
        ------+--------+------------+----------
            2 |      1 | 2025-03-01 | emergency
    """
    readings = """
        person | day        | systolic | diastolic | visit
        -------+------------+----------+-----------+------
             1 | 2025-03-01 |      150 |        80 |     2
    """
    assert isinstance(
        run(tables(visits=visits, readings=readings), INTENSIFIED), NotEstimable
    )


@pytest.mark.parametrize(
    ("code", "begun", "ended", "excluded"),
    [
        ("icd N18.6", "2015-01-01", "2016-01-01", 1),  # for ever after
        ("icd N18.6", "2025-03-02", "", 0),  # after the visit
        ("icd Z33.1", "2025-01-01", "", 1),
        ("icd Z33.1", "2020-01-01", "2020-09-01", 0),  # that pregnancy is over
        ("icd Z51.5", "2025-03-01", "", 1),
    ],
)
def test_exclusions_on_or_before_the_visit(run, code, begun, ended, excluded):
    """A person excluded at the index leaves the denominator and has no later index."""
    people = PEOPLE + "         2 | 1965-06-15\n"
    diagnoses = f"""
        person | code    | from       | to
        -------+---------+------------+--------
             1 | icd I10 | 2020-01-01 |
             2 | icd I10 | 2020-01-01 |
             1 | {code}  | {begun}    | {ended}
    """
    visits = VISITS + "        4 |      2 | 2025-03-01\n"
    readings = READINGS + "         2 | 2025-03-01 | 150 | 80 | 4\n"
    made = tables(people=people, diagnoses=diagnoses, visits=visits, readings=readings)
    result = run(made, INTENSIFIED)
    assert result.populations["initial_population"] == 2
    assert result.populations["denominator"] == 2 - excluded
    assert result.populations["denominator_exclusion"] == excluded


def test_two_visits_on_a_day_are_one(spec):
    """Two outpatient visits on the uncontrolled day count once."""
    visits = VISITS + "        4 |      1 | 2025-03-01\n"
    spec(tables(visits=visits), EACH, {"denominator": 2, "numerator": 1})


def follow_up(rows):
    return READINGS.split("         1 | 2025-06-01", maxsplit=1)[0] + rows


@pytest.mark.parametrize(
    ("day", "observed"),
    [
        ("2025-03-30", 0),  # day 29
        ("2025-03-31", 1),  # day 30
        ("2025-05-30", 1),  # day 90
        ("2025-05-31", 0),  # day 91
    ],
)
def test_follow_up_is_30_to_90_days(run, day, observed):
    """The systolic pressure is observed if there is one 30 to 90 days after the index."""
    readings = follow_up(
        f"         1 | {day} | 131 | 82 |\n         2 | 2025-03-01 | 150 | 80 |\n"
        "         2 | 2025-05-01 | 141 | 80 |\n"
    )
    people = PEOPLE + "         2 | 1965-06-15\n"
    diagnoses = HYPERTENSION + "         2 | icd I10 | 2020-01-01\n"
    visits = VISITS + "        4 |      2 | 2025-03-01\n"
    made = tables(people=people, diagnoses=diagnoses, visits=visits, readings=readings)
    result = run(made, SYSTOLIC)
    assert result.populations["denominator"] == 2
    assert result.populations["observed"] == 1 + observed
    assert result.overall.value == pytest.approx(
        (131 * observed + 141) / (1 + observed)
    )


def test_the_lowest_of_the_last_day_is_the_value(run):
    """Of several readings on the last day of follow-up, the lowest is taken."""
    readings = follow_up(
        "         1 | 2025-04-10 | 120 | 70 |\n"
        "         1 | 2025-05-01 | 150 | 70 |\n         1 | 2025-05-01 | 144 | 88 |\n"
    )
    result = run(tables(readings=readings), SYSTOLIC)
    assert result.overall.value == 144
    assert result.overall.lower is None


def test_control_at_follow_up(spec):
    """Controlled on the last day with both; a person without such a day is not observed."""
    readings = follow_up(
        "         1 | 2025-05-01 | 139 | 89 |\n         2 | 2025-03-01 | 150 | 80 |\n"
    )
    people = PEOPLE + "         2 | 1965-06-15\n"
    diagnoses = HYPERTENSION + "         2 | icd I10 | 2020-01-01\n"
    visits = VISITS + "        4 |      2 | 2025-03-01\n"
    made = tables(people=people, diagnoses=diagnoses, visits=visits, readings=readings)
    spec(made, CONTROLLED, {"denominator": 2, "numerator": 1, "observed": 1})


@pytest.mark.parametrize(
    ("day", "systolic", "low"),
    [
        ("2025-03-01", 99, 0),  # the index day itself
        ("2025-03-02", 99, 1),
        ("2025-05-30", 99, 1),
        ("2025-05-31", 99, 0),
        ("2025-04-01", 100, 0),
    ],
)
def test_low_pressure_in_days_1_to_90(spec, day, systolic, low):
    """Any systolic below 100 in days 1 to 90, though a later one is higher."""
    uncontrolled_by_diastolic = READINGS.replace("150 |        80", "150 |        95")
    readings = uncontrolled_by_diastolic + (
        f"         1 | {day} | {systolic} | 92 |\n         1 | 2025-05-20 | 130 | 80 |\n"
    )
    made = tables(readings=readings)
    spec(made, LOW, {"denominator": 1, "numerator": low, "observed": 1})


def test_low_pressure_in_an_emergency_room_counts(spec):
    """Harm is counted wherever it is seen."""
    visits = """
        visit | person | day        | class
        ------+--------+------------+-----------
            2 |      1 | 2025-03-01 | outpatient
            3 |      1 | 2025-04-01 | emergency
    """
    readings = """
        person | day        | systolic | diastolic | visit
        -------+------------+----------+-----------+------
             1 | 2025-03-01 |      150 |        80 |     2
             1 | 2025-04-01 |       85 |        50 |     3
    """
    made = tables(visits=visits, readings=readings)
    spec(made, LOW, {"denominator": 1, "numerator": 1, "observed": 1})


def test_a_visit_belongs_to_its_own_site_and_month(run):
    """By care site and by month, a visit counts where and when it took place."""
    visits = """
        visit | person | day        | site
        ------+--------+------------+-----
            1 |      1 | 2025-02-01 | a
            2 |      1 | 2025-03-01 | b
            3 |      1 | 2025-06-01 | a
    """
    made = tables(visits=visits)
    by_site = [
        (unit.unit, unit.numerator) for unit in run(made, EACH, by="care_site").by
    ]
    by_month = [(unit.unit, unit.numerator) for unit in run(made, EACH, by="month").by]
    assert by_site == [("a", 0), ("b", 1)]
    assert by_month == [("2025-03", 1), ("2025-06", 0)]
