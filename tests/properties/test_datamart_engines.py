"""Every engine gives what the reference engine gives, whatever the measure and data."""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rounds.definitions import check
from stories.agreement import (
    beside_each_other,
    compared,
    stays_beside_each_other,
    widened,
)
from stories.engines import ENGINES, opened
from stories.measure_graphs import BUILTIN, measures, stays, tables

PAIRS = int(os.environ.get("ROUNDS_PAIRS", "40"))
"""Definitions times databases, for each engine; `make test-engines` asks for 2,000."""
DEFINITIONS, DATABASES = 4, 5
"""How many are drawn together: each definition on each of the small databases, which lie
beside each other in one, since to fill an engine costs more than to ask it."""
SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    # A failure is shown as it was drawn: to shrink it would ask Spark for hours.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    with opened(request.param) as engine:
        yield engine


@st.composite
def pairs(draw):
    """Definitions that `check` finds nothing wrong with, databases, and cohorts."""
    sound = measures().filter(lambda one: not check(one))
    drawn = draw(st.lists(sound, min_size=DEFINITIONS, max_size=DEFINITIONS))
    every = draw(st.lists(tables(), min_size=DATABASES, max_size=DATABASES))
    those = draw(st.lists(stays(), min_size=DATABASES, max_size=DATABASES))
    return drawn, beside_each_other(every), stays_beside_each_other(those)


def test_an_engine_agrees_with_the_reference_on_what_nobody_wrote(engine):
    """Row for row, on random definitions and random data, monthly forms too."""
    counted = []

    @given(drawn=pairs())
    @settings(SETTINGS, max_examples=max(1, PAIRS // (DEFINITIONS * DATABASES)))
    def agree(drawn):
        definitions, rows, cohorts = drawn
        with engine.datamart(rows) as datamart:
            for n, measure in enumerate(definitions):
                asked = widened(measure) if n % 2 else measure
                counted.append(compared(datamart, asked, rows, cohorts=cohorts))

    agree()
    assert len(counted) * DATABASES >= PAIRS
    assert sum(counted) > PAIRS / 4, "hardly anybody was in any measure"


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_an_engine_agrees_with_the_reference_on_what_is_shipped(engine, name):
    """Row for row, on random data, with somebody who opted out."""

    @given(every=st.lists(tables(), min_size=DATABASES, max_size=DATABASES))
    @settings(SETTINGS, max_examples=1 + PAIRS // 400)
    def agree(every):
        rows = beside_each_other(every)
        with engine.datamart(rows) as datamart:
            compared(datamart, BUILTIN[name], rows, without=frozenset({"p1"}))

    agree()
