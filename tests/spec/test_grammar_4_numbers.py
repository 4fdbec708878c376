"""A number is one for each subject: a reading of events, an age, days, a score.

Where there is none, a comparison does not hold, unless it says `if_missing: true`.
"""

import math

title = "Numbers: last, sum, count, age, days and scores"

HBA1C = """
    person_id | measurement_concept_id | measurement_date | value_as_number | unit_source_value
    ----------+------------------------+------------------+-----------------+------------------
            1 | loinc 4548-4           | 2025-03-01       |             9.5 | %
            1 | loinc 4548-4           | 2025-06-01       |             7.0 | %
            2 | loinc 4548-4           | 2025-03-01       |             7.0 | %
            2 | loinc 4548-4           | 2025-06-01       |                 |
            3 | loinc 4548-4           | 2025-03-01       |             9.1 | %
            3 | loinc 4548-4           | 2025-03-01       |             8.9 | %
"""
OPIOIDS = """
    person_id | drug_concept_id | drug_exposure_start_date | quantity
    ----------+-----------------+--------------------------+---------
            1 | rx 10689        | 2025-03-01               |       10
            1 | rx 10689        | 2025-03-01               |      2.5
            1 | rx 7052         | 2025-03-01               |        4
            2 | rx 7052         | 2025-03-01               |
"""
READING = """
        pick: {pick}
        events:
          domain: measurement
          concept_set: hba1c
          units: ["%"]
"""


def test_the_last_value(number):
    """The value of the last day that has one; of several on that day, the lowest."""
    number(
        {"measurement": HBA1C},
        READING.format(pick="last"),
        gives={1: 7.0, 2: 7.0, 3: 8.9, 4: None},
    )


def test_the_first_and_the_highest(number):
    """Also `first`, `lowest`, `highest`, `sum` and `mean`."""
    number(
        {"measurement": HBA1C},
        READING.format(pick="mean"),
        gives={1: 8.25, 2: 7.0, 3: 9.0, 4: None},
    )


def test_the_most_recent_above_or_missing(clause):
    """Poor control: the most recent test is above 9%, or has no value, or is not there.

    The day is the latest with any test; a test without a value is one.
    """
    clause(
        {"measurement": HBA1C},
        """
        op: compare
        reading:
          pick: lowest
          events: {domain: measurement, concept_set: hba1c, units: ["%"]}
          day: {events: [{domain: measurement, concept_set: hba1c}]}
        range: {above: 9}
        if_missing: true
        """,
        holds=[2, 4],
    )


def test_how_many(number):
    """A count of nothing is 0."""
    number(
        {"measurement": HBA1C},
        "{pick: days, events: {domain: measurement, concept_set: hba1c}}",
        gives={1: 2.0, 2: 2.0, 3: 1.0, 4: 0.0},
    )


def test_a_sum_of_quantities(number):
    """Without any quantity there is no sum; `otherwise` gives one."""
    number(
        {"drug_exposure": OPIOIDS},
        """
        pick: sum
        events: {domain: drug, concept_set: weak-opioids, number: quantity}
        """,
        gives={1: 12.5, 2: None},
    )


def test_a_weighted_sum(number):
    """A score without a link is a weighted sum: morphine equivalents."""
    number(
        {"drug_exposure": OPIOIDS},
        """
        op: score
        terms:
          - coefficient: 0.2
            number:
              pick: sum
              otherwise: 0
              events: {domain: drug, concept_set: weak-opioids, number: quantity}
          - coefficient: 10
            number:
              pick: sum
              otherwise: 0
              events: {domain: drug, concept_set: strong-opioids, number: quantity}
        """,
        gives={1: 42.5, 2: 0.0, 3: 0.0},
    )


def test_a_risk_model(number):
    """With a link, it is what a regression model expects."""
    number(
        {},
        """
        op: score
        link: logit
        intercept: -4
        terms:
          - {coefficient: 0.05, number: {op: years, at: {at: period_end}}}
          - {coefficient: 1, when: {op: sex, of: male}}
        """,
        gives={
            1: math.exp(-1.0) / (1 + math.exp(-1.0)),
            2: math.exp(0.75) / (1 + math.exp(0.75)),
        },
    )


def test_days_from_one_event_to_another(number):
    """Days between two points; none where one of them is not there."""
    number(
        {"measurement": HBA1C},
        """
        op: days_between
        start: {at: {which: first, events: {domain: measurement, concept_set: hba1c}}}
        end: {at: {which: last, events: {domain: measurement, concept_set: hba1c}}}
        """,
        gives={1: 92.0, 3: 0.0, 4: None},
    )


def test_days_until_what_may_not_come(number):
    """Where a day is not there, the number that is given: how long one was followed."""
    number(
        {"measurement": HBA1C},
        """
        op: days_between
        start: {at: {which: first, events: {domain: measurement, concept_set: hba1c}}}
        end: {at: {which: last, events: {domain: measurement, concept_set: hba1c}}}
        otherwise: 90
        """,
        gives={1: 92.0, 3: 0.0, 4: 90.0},
    )
