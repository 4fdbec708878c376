"""Blood pressure control: who is left out, what cannot be said, and by what it splits."""

import datetime as dt

import pytest

from rounds.definitions import builtin_measures
from rounds.nouns import NotEstimable, Period
from stories.one_patient import CONTROLLED, SECOND, counts, tables

MEASURE = builtin_measures()["blood-pressure-control"]


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
    """Readings that no conversion brings to mm[Hg] are passed over and counted."""
    readings = """
        person | day        | systolic | diastolic | unit
        -------+------------+----------+-----------+-------
             1 | 2025-03-01 |      150 |        80 | mmHg
             1 | 2025-04-01 |       17 |        10 | cm
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
    """Blood pressure in centimetres alone is no blood pressure in mm[Hg]."""
    readings = """
        person | day        | systolic | diastolic | unit
        -------+------------+----------+-----------+-----
             1 | 2025-03-01 |       17 |        10 | cm
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
