"""Run a specification by example on every engine: tables in, counts out."""

import pytest

from rounds.nouns import NotEstimable
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
