"""Run a specification by example on every engine: tables in, counts out."""

import pytest

from rounds.datamart.measures.running import run_measure
from rounds.nouns import NotEstimable
from stories import grammar
from stories.engines import ENGINES, opened
from stories.measures import YEAR, Tables, both_engines


@pytest.fixture(scope="session", params=ENGINES)
def engine(request):
    """An engine beside the reference; None for the datamart's own store."""
    if request.param == "duckdb":
        yield None
        return
    with opened(request.param) as engine:
        yield engine


@pytest.fixture
def run(engine):
    """Run a measure on ASCII tables with every engine, and give the result."""

    def run(tables, measure, period=YEAR, **options):
        rows = Tables(**tables).rows
        result = both_engines(rows, measure, period, **options)
        if engine is not None:
            with engine.datamart(rows) as datamart:
                found = run_measure(datamart, measure, period, **options)
            assert type(found) is type(result)
            if not isinstance(result, NotEstimable):
                kept = {"snapshot": None, "limitations": ()}
                same = found.model_copy(update=kept), result.model_copy(update=kept)
                assert same[0] == same[1]
                assert set(result.limitations) <= set(found.limitations)
        return result

    return run


@pytest.fixture
def spec(run):
    """Assert the populations that every engine counts."""

    def spec(tables, measure, expected, period=YEAR, **options):
        result = run(tables, measure, period, **options)
        assert not isinstance(result, NotEstimable), result.reason
        found = {name: result.populations[name] for name in expected}
        assert found == expected

    return spec


@pytest.fixture
def clause(engine):
    """Assert of whom a criterion holds, on every engine; `each` gives the index days."""

    def clause(tables, text, *, holds, basis="person", cohort=None):
        one = grammar.measure(text, basis=basis)
        rows = grammar.judged(tables, one, cohort=cohort, engine=engine)
        assert [row.person_id for row in rows] == holds

    return clause


@pytest.fixture
def number(engine):
    """Assert what a number is of each person, on every engine; None for no number."""

    def number(tables, text, *, gives, basis="person"):
        one = grammar.measure(
            text,
            "measure_observation",
            scoring="continuous-variable",
            numerator=None,
            basis=basis,
        )
        rows = grammar.judged(tables, one, engine=engine)
        found = {row.person_id: row.value for row in rows}
        assert {who: found[who] for who in gives} == gives

    return number
