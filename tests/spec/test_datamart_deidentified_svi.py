"""Where dates are known to the year, nobody knows which of two ranks is the later."""

import datetime as dt

import pytest

from rounds.datamart.measures.running import run_measure
from rounds.datamart.rows import measure_rows
from rounds.nouns import Measure, Period
from stories.measures import HandMade, Tables

YEAR = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
ILL = Measure.model_validate(
    {
        "name": "ill",
        "version": "1",
        "title": "The ill",
        "type": "process",
        "improvement_notation": "decrease",
        "concept_sets": [
            {
                "name": "ill",
                "title": "Ill",
                "include": [{"system": "http://snomed.info/sct", "code": "59621000"}],
            }
        ],
        "initial_population": {
            "op": "exists",
            "events": {"domain": "condition", "concept_set": "ill"},
        },
        "numerator": {
            "op": "exists",
            "events": {"domain": "condition", "concept_set": "ill"},
        },
    }
)


def mart(calendar):
    """Person 1 moved within the year, 2 within a quarter, 3 in the year before."""
    made = HandMade(
        Tables(
            people="""
                person | born       | sex
                -------+------------+----
                     1 | 1960-01-01 | F
                     2 | 1960-01-01 | F
                     3 | 1960-01-01 | F
            """,
            diagnoses="""
                person | code         | from
                -------+--------------+-----------
                     1 | sct 59621000 | 2024-01-01
                     2 | sct 59621000 | 2024-01-01
                     3 | sct 59621000 | 2024-01-01
            """,
            observations="""
                person | code           | day        | value
                -------+----------------+------------+------
                     1 | svi RPL_THEMES | 2023-01-01 | 0.10
                     1 | svi RPL_THEMES | 2023-01-01 | 0.90
                     2 | svi RPL_THEMES | 2023-01-01 | 0.60
                     2 | svi RPL_THEMES | 2023-01-01 | 0.70
                     3 | svi RPL_THEMES | 2022-01-01 | 0.10
                     3 | svi RPL_THEMES | 2023-01-01 | 0.90
            """,
        ).rows
    )
    made.calendar = calendar
    return made


@pytest.mark.parametrize(
    ("calendar", "expected"), [("year", [0, 3, 4]), ("day", [1, 3, 4])]
)
def test_ranks_of_two_quarters_in_one_year_are_no_rank(calendar, expected):
    rows = measure_rows(mart(calendar), ILL, YEAR)
    assert rows.svi_quartile.tolist() == expected


def test_the_result_says_so():
    said = run_measure(mart("year"), ILL, YEAR, by="svi_quartile").limitations
    assert any("two quarters in the last year" in one for one in said)
