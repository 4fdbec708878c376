"""A point is a day of a subject: an anchor, give or take months, days or hours.

Anchors are the period's ends, the index and its end, a date, the first or the last day
of some events. A window runs from one point to another, both days included.
"""

import datetime as dt

import pytest
from pydantic import ValidationError

from stories import grammar

title = "Days: before, after, first and last"

STATINS = """
    person_id | drug_concept_id | drug_exposure_start_date
    ----------+-----------------+-------------------------
            1 | rx 83367        | 2025-02-01
            1 | rx 83367        | 2025-06-01
            2 | rx 83367        | 2025-02-01
"""
HBA1C = """
    person_id | measurement_concept_id | measurement_date
    ----------+------------------------+-----------------
            1 | loinc 4548-4           | 2025-03-03
            2 | loinc 4548-4           | 2025-03-04
"""
RETURNS = """
    person_id | visit_occurrence_id | visit_concept_id | visit_start_date | visit_end_date | visit_start_datetime | visit_end_datetime
    ----------+---------------------+------------------+------------------+----------------+----------------------+--------------------
            1 |                   1 | emergency        | 2025-03-01       | 2025-03-01     | 2025-03-01 08:00     | 2025-03-01 12:00
            1 |                   2 | emergency        | 2025-03-04       | 2025-03-04     | 2025-03-04 11:59     |
            2 |                   3 | emergency        | 2025-03-01       | 2025-03-01     | 2025-03-01 08:00     | 2025-03-01 12:00
            2 |                   4 | emergency        | 2025-03-04       | 2025-03-04     | 2025-03-04 12:01     |
            3 |                   5 | emergency        | 2025-03-01       | 2025-03-01     |                      |
            3 |                   6 | emergency        | 2025-03-04       | 2025-03-04     | 2025-03-04 23:00     |
"""


NEAR = """
    {op: exists, events: {domain: visit, near: [{events: {domain: visit, BOUND}}]}}
"""


def test_within_days_of_the_first_event(clause):
    """Up to 30 days after the first statin."""
    clause(
        {"drug_exposure": STATINS, "measurement": HBA1C},
        """
        op: exists
        events:
          domain: measurement
          concept_set: hba1c
          window:
            start: {at: &first {which: first, events: {domain: drug, concept_set: statins}}}
            end: {at: *first, days: 30}
        """,
        holds=[1],
    )


def test_the_second_day_with_an_event(clause):
    """`nth` counts days from the side that `which` says."""
    clause(
        {"drug_exposure": STATINS},
        """
        op: age
        at: {at: {which: first, nth: 2, events: {domain: drug, concept_set: statins}}}
        from_years: 18
        """,
        holds=[1],
    )


def test_look_back_from_the_period(clause):
    """Nine years before the period, and the period itself."""
    clause(
        {
            "procedure_occurrence": """
            person_id | procedure_concept_id | procedure_date
            ----------+----------------------+---------------
                    1 | sct 77477000         | 2016-01-01
                    2 | sct 77477000         | 2015-12-31
            """
        },
        """
        op: exists
        events:
          domain: procedure
          concept_set: ct
          window: {start: {at: period_start, months: -108}, end: {at: period_end}}
        """,
        holds=[1],
    )


def test_age_on_a_date(clause):
    """Completed years on a date, both bounds included."""
    clause(
        {},
        "{op: age, at: {at: 2025-06-15}, from_years: 60, to_years: 75}",
        holds=[1, 2],
    )


def test_sex(clause):
    """The recorded sex; what is not recorded is neither."""
    clause({}, "{op: sex, of: female}", holds=[1, 3])


def test_hours_after_the_index_ended(clause):
    """Hours are compared where both times are known, and days otherwise.

    Person 3's first visit has no time, so that day 4 is within 72 hours: 3 days.
    """
    clause(
        {"visit_occurrence": RETURNS},
        """
        op: all
        of:
          - {op: index_visit, classes: [emergency]}
          - op: exists
            events:
              domain: visit
              visit_classes: [emergency]
              without_index: true
              window: {start: {at: index_end, hours: 0}, end: {at: index_end, hours: 72}}
        """,
        holds=[1, 3],
        basis="visit",
    )


def test_of_the_index_visit(clause):
    """`of_visit: index` keeps what was recorded at the index visit itself."""
    clause(
        {
            "visit_occurrence": RETURNS,
            "procedure_occurrence": """
            person_id | procedure_concept_id | procedure_date | visit_occurrence_id
            ----------+----------------------+----------------+--------------------
                    1 | sct 77477000         | 2025-03-01     |                   1
                    2 | sct 77477000         | 2025-03-01     |
            """,
        },
        """
        op: exists
        events: {domain: procedure, concept_set: ct, of_visit: index}
        """,
        holds=[1],
        basis="visit",
    )


def test_index_procedures(clause):
    """With basis procedure, each procedure of the period is a subject."""
    clause(
        {
            "procedure_occurrence": """
            person_id | procedure_concept_id | procedure_date
            ----------+----------------------+---------------
                    1 | sct 77477000         | 2025-03-01
                    1 | sct 77477000         | 2025-04-01
                    2 | sct 86273004         | 2025-03-01
                    2 | sct 77477000         | 2024-03-01
            """
        },
        "{op: index_procedure, concept_set: ct}",
        holds=[1, 1],
        basis="procedure",
    )


def test_in_a_cohort(clause):
    """A cohort, by its Ref, on some day of the window."""
    clause(
        {},
        f"""
        op: in_cohort
        cohort: "{grammar.DIABETES}"
        window: {{start: {{at: period_start}}, end: {{at: period_end}}}}
        """,
        holds=[1],
        cohort=[
            {
                "subject_id": who,
                "cohort_start_date": dt.date(year, 5, 1),
                "cohort_end_date": dt.date(year, 6, 1),
            }
            for who, year in ((1, 2025), (2, 2024))
        ],
    )


@pytest.mark.parametrize(
    ("basis", "text", "said"),
    [
        ("person", "{op: age, at: index, from_years: 18}", "persons have no index"),
        ("person", "{op: index_visit, classes: [home]}", "needs basis: visit"),
        ("visit", "{op: index_procedure, concept_set: ct}", "needs basis: procedure"),
        ("visit", "{op: age, at: event, from_years: 18}", "near's own events"),
        (
            "visit",
            NEAR.replace("BOUND", "window: {start: {at: index}}"),
            "near hangs on the row",
        ),
        (
            "visit",
            NEAR.replace("BOUND", "of_visit: index"),
            "say same_visit",
        ),
        (
            "procedure",
            "{op: exists, events: {domain: visit, without_index: true}}",
            "never among visit events",
        ),
        ("visit", "{domain: visit}", "op"),
        (
            "visit",
            "{op: compare, reading: {domain: visit}, range: {above: 1}}",
            "pick",
        ),
    ],
)
def test_what_does_not_fit_together_does_not_exist(basis, text, said):
    """One row of a subject is never set against many."""
    with pytest.raises(ValidationError, match=said):
        grammar.measure(text, basis=basis)
