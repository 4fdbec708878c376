"""`near` keeps rows that have other events of the same person beside them.

Its days hang on the row: `event` is the day on which it began, `event_end` that on
which it ended. A row is not near itself.
"""

title = "Near: one event beside another"

STAYS = """
    person_id | visit_occurrence_id | visit_concept_id | visit_start_date | visit_end_date
    ----------+---------------------+------------------+------------------+---------------
            1 |                   1 | inpatient        | 2025-03-01       | 2025-03-05
            1 |                   2 | inpatient        | 2025-03-20       | 2025-03-22
            2 |                   3 | inpatient        | 2025-03-01       | 2025-03-05
            2 |                   4 | inpatient        | 2025-03-20       | 2025-03-22
            3 |                   5 | inpatient        | 2025-03-01       | 2025-03-05
"""
BIOPSY = """
    person_id | procedure_concept_id | procedure_date | visit_occurrence_id
    ----------+----------------------+----------------+--------------------
            2 | sct 86273004         | 2025-03-21     |                   4
"""


def test_within_days_of_another_event(clause):
    """A stay with another that begins within 30 days of its end."""
    clause(
        {"visit_occurrence": STAYS},
        """
        op: exists
        events:
          domain: visit
          visit_classes: [inpatient]
          near:
            - events:
                domain: visit
                visit_classes: [inpatient]
                window: {start: {at: event_end}, end: {at: event_end, days: 30}}
        """,
        holds=[1, 2],
    )


def test_without_another_event_of_the_same_visit(clause):
    """`absent`: rows that have none; `same_visit`: of the row's own visit."""
    clause(
        {"visit_occurrence": STAYS, "procedure_occurrence": BIOPSY},
        """
        op: exists
        events:
          domain: visit
          window: {start: {at: 2025-03-10}}
          near:
            - {absent: true, same_visit: true, events: {domain: procedure, concept_set: biopsy}}
        """,
        holds=[1],
    )


def test_the_next_event_and_what_is_true_of_it(clause):
    """The first stay after the index counts, and only if it was not planned."""
    clause(
        {"visit_occurrence": STAYS, "procedure_occurrence": BIOPSY},
        """
        op: exists
        label: The next stay, 1 to 30 days after discharge, was not planned
        events:
          domain: visit
          visit_classes: [inpatient]
          window:
            start: &next
              at:
                which: first
                events:
                  domain: visit
                  visit_classes: [inpatient]
                  window: {start: {at: index_end, days: 1}, end: {at: index_end, days: 30}}
            end: *next
          near:
            - {absent: true, same_visit: true, events: {domain: procedure, concept_set: biopsy}}
        """,
        holds=[1],
        basis="visit",
    )
