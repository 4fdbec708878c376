"""Run a specification by example on every engine: tables in, counts out."""

import pytest

from rounds.nouns import NotEstimable
from stories import grammar
from stories.measures import YEAR, Tables, both_engines


@pytest.fixture
def run():
    """Run a measure on ASCII tables with both engines, and give the result."""

    def run(tables, measure, period=YEAR, **options):
        return both_engines(Tables(**tables).rows, measure, period, **options)

    return run


@pytest.fixture
def spec(run):
    """Assert the populations that both engines count."""

    def spec(tables, measure, expected, period=YEAR, **options):
        result = run(tables, measure, period, **options)
        assert not isinstance(result, NotEstimable), result.reason
        found = {name: result.populations[name] for name in expected}
        assert found == expected

    return spec


@pytest.fixture
def clause():
    """Assert of whom a criterion holds, on every engine; `each` gives the index days."""

    def clause(tables, text, *, holds, basis="person", cohort=None):
        one = grammar.measure(text, basis=basis)
        rows = grammar.judged(tables, one, cohort=cohort)
        assert [row.person_id for row in rows] == holds

    return clause


@pytest.fixture
def number():
    """Assert what a number is of each person, on every engine; None for no number."""

    def number(tables, text, *, gives, basis="person"):
        one = grammar.measure(
            text,
            "measure_observation",
            scoring="continuous-variable",
            numerator=None,
            basis=basis,
        )
        rows = grammar.judged(tables, one)
        found = {row.person_id: row.value for row in rows}
        assert {who: found[who] for who in gives} == gives

    return number
