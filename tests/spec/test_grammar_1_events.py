"""Events are rows of one OMOP domain, from a concept set, inside a window of days.

The period of all examples is the year 2025. A row belongs to a concept set by its own
concept or by its source concept.
"""

title = "Events: which rows count"

CONDITIONS = """
    person_id | condition_concept_id | condition_start_date | condition_end_date
    ----------+----------------------+----------------------+-------------------
            1 | icd I10              | 2020-05-01           |
            2 | icd I10              | 2020-05-01           | 2024-12-31
            3 | icd I10              | 2025-12-31           |
            4 | icd I10              | 2026-01-01           |
"""
VISITS = """
    person_id | visit_occurrence_id | visit_concept_id | visit_start_date | visit_end_date | discharged_to_concept_id
    ----------+---------------------+------------------+------------------+----------------+-------------------------
            1 |                   1 | inpatient        | 2025-03-01       | 2025-03-05     | sct 306689006
            2 |                   2 | outpatient       | 2025-03-01       | 2025-03-01     |
            3 |                   3 | outpatient       | 2025-03-01       | 2025-03-01     |
            3 |                   4 | outpatient       | 2025-03-01       | 2025-03-01     |
            4 |                   5 | inpatient        | 2024-12-30       | 2025-01-02     |
"""


def test_begin_in_the_window(clause):
    """By default a row counts if it begins in the window, both days included."""
    clause(
        {"condition_occurrence": CONDITIONS},
        """
        op: exists
        events:
          domain: condition
          concept_set: hypertension
          window: {start: {at: period_start}, end: {at: period_end}}
        """,
        holds=[3],
    )


def test_overlap_the_window(clause):
    """`overlaps`: begun by its end, and not ended before its start.

    A condition without an end goes on.
    """
    clause(
        {"condition_occurrence": CONDITIONS},
        """
        op: exists
        events:
          domain: condition
          concept_set: hypertension
          match: overlaps
          window: {start: {at: period_start}, end: {at: period_end}}
        """,
        holds=[1, 3],
    )


def test_cover_the_window(clause):
    """`covers`: begun by its start, and not ended before its end."""
    clause(
        {
            "observation_period": """
            person_id | observation_period_start_date | observation_period_end_date
            ----------+-------------------------------+----------------------------
                    1 | 2020-01-01                    | 2025-12-31
                    2 | 2025-01-02                    | 2025-12-31
                    3 | 2025-01-01                    | 2025-12-30
            """
        },
        """
        op: exists
        label: Known throughout the period
        events:
          domain: observation_period
          match: covers
          window: {start: {at: period_start}, end: {at: period_end}}
        """,
        holds=[1],
    )


def test_end_in_the_window(clause):
    """`ends_in`: ended on a day of the window, whenever it began."""
    clause(
        {"visit_occurrence": VISITS},
        """
        op: exists
        events:
          domain: visit
          visit_classes: [inpatient]
          match: ends_in
          window: {start: {at: period_start}, end: {at: period_start, months: 1}}
        """,
        holds=[4],
    )


def test_whatever_has_ended(clause):
    """`ends_in` without a window: a condition with no end recorded has not ended."""
    clause(
        {"condition_occurrence": CONDITIONS},
        """
        op: exists
        events: {domain: condition, concept_set: hypertension, match: ends_in}
        """,
        holds=[2],
    )


def test_at_least_so_many_rows(clause):
    """`at_least` counts rows."""
    clause(
        {"visit_occurrence": VISITS},
        "{op: exists, at_least: 2, events: {domain: visit}}",
        holds=[3],
    )


def test_at_least_so_many_days(clause):
    """With `count: days`, two rows on one day are one."""
    clause(
        {"visit_occurrence": VISITS},
        "{op: exists, at_least: 2, count: days, events: {domain: visit}}",
        holds=[],
    )


def test_where_a_visit_ended(clause):
    """`discharged_to` keeps visits that ended at a place of a concept set."""
    clause(
        {"visit_occurrence": VISITS},
        "{op: exists, events: {domain: visit, discharged_to: home}}",
        holds=[1],
    )


def test_values_in_a_unit(clause):
    """A value in another unit is converted; one that cannot be is not used."""
    clause(
        {
            "measurement": """
            person_id | measurement_concept_id | measurement_date | value_as_number | unit_source_value
            ----------+------------------------+------------------+-----------------+------------------
                    1 | loinc 4548-4           | 2025-03-01       |             9.5 | %
                    2 | loinc 4548-4           | 2025-03-01       |              80 | mmol/mol
                    3 | loinc 4548-4           | 2025-03-01       |             9.5 | mg/dL
                    4 | loinc 4548-4           | 2025-03-01       |             9.0 | %
            """
        },
        """
        op: exists
        events:
          domain: measurement
          concept_set: hba1c
          units: ["%"]
          value: {above: 9}
        """,
        holds=[1, 2],
    )


def test_coded_answers_and_results(clause):
    """`answer` keeps rows whose coded value is in a concept set."""
    clause(
        {
            "observation": """
            person_id | observation_concept_id | observation_date | value_as_concept_id
            ----------+------------------------+------------------+--------------------
                    1 | loinc 71802-3          | 2025-03-01       | sct 160734000
                    2 | loinc 71802-3          | 2025-03-01       |
            """
        },
        """
        op: exists
        events: {domain: observation, concept_set: housing, answer: nursing-home}
        """,
        holds=[1],
    )


def test_rows_with_a_result(clause):
    """`has_result` keeps rows with a number, a coded value or a text."""
    clause(
        {
            "observation": """
            person_id | observation_concept_id | observation_date | value_as_string | value_as_number
            ----------+------------------------+------------------+-----------------+----------------
                    1 | loinc 71802-3          | 2025-03-01       | lives alone     |
                    2 | loinc 71802-3          | 2025-03-01       |                 |
                    3 | loinc 71802-3          | 2025-03-01       |                 | 3
            """
        },
        """
        op: exists
        events: {domain: observation, concept_set: housing, has_result: true}
        """,
        holds=[1, 3],
    )


def test_how_a_medicine_was_recorded(clause):
    """`drug_types` tells what was prescribed from what was given."""
    clause(
        {
            "drug_exposure": """
            person_id | drug_concept_id | drug_exposure_start_date | drug_type_concept_id
            ----------+-----------------+--------------------------+---------------------
                    1 | rx 7052         | 2025-03-01               | prescription
                    2 | rx 7052         | 2025-03-01               | administration
            """
        },
        """
        op: exists
        events: {domain: drug, concept_set: strong-opioids, drug_types: [prescription]}
        """,
        holds=[1],
    )


def test_a_number_of_the_row_in_a_range(clause):
    """`number` says which number of a row is its value."""
    clause(
        {
            "drug_exposure": """
            person_id | drug_concept_id | drug_exposure_start_date | quantity | days_supply
            ----------+-----------------+--------------------------+----------+------------
                    1 | rx 7052         | 2025-03-01               |       20 |           3
                    2 | rx 7052         | 2025-03-01               |        5 |           9
                    3 | rx 7052         | 2025-03-01               |          |           9
            """
        },
        """
        op: exists
        events:
          domain: drug
          concept_set: strong-opioids
          number: days_supply
          value: {above: 7}
        """,
        holds=[2, 3],
    )


def test_devices(clause):
    """A device is an event like any other."""
    clause(
        {
            "device_exposure": """
            person_id | device_concept_id | device_exposure_start_date
            ----------+-------------------+---------------------------
                    2 | sct 705406009     | 2025-03-01
            """
        },
        "{op: exists, events: {domain: device, concept_set: walker}}",
        holds=[2],
    )
