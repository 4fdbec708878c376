"""Codes of a measure that the data never use are said beside its result."""

from rounds.datamart import run_measure
from rounds.nouns import Measure
from stories.measures import YEAR, HandMade, Tables

SNOMED = "http://snomed.info/sct"


def measure(*codes):
    include = [{"system": SNOMED, "code": code} for code in codes]
    return Measure(
        name="ill",
        title="Ill",
        type="outcome",
        improvement_notation="decrease",
        concept_sets=[{"name": "ill", "title": "Illness", "include": include}],
        initial_population={"op": "age", "at": "period_end", "from_years": 18},
        numerator={
            "op": "exists",
            "events": {"domain": "condition", "concept_set": "ill"},
        },
    )


def told(*codes):
    rows = Tables(
        people="""
            person | born       | sex
            -------+------------+----
                 1 | 1960-01-01 | F
        """,
        diagnoses="""
            person | code    | from       | to
            -------+---------+------------+----
                 1 | sct 111 | 2025-02-01 |
        """,
    ).rows
    found = run_measure(HandMade(rows), measure(*codes), YEAR)
    assert found.populations["numerator"] == 1
    return found.unused_codes


def test_a_code_that_no_row_has_is_named_and_one_that_is_used_is_not():
    assert told("111", "222") == ("Illness: SNOMED 222",)
    assert told("111") == ()


def test_of_many_the_first_are_named_and_the_rest_are_counted():
    [said] = told("111", *(str(n) for n in range(200, 220)))
    assert said.endswith("SNOMED 211 and 8 more")
