"""Every engine gives what the reference engine gives, whatever the measure and data."""

import os
import time
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, reject, seed, settings
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
FIRST = int(os.environ.get("ROUNDS_PAIRS_FROM", "0"))
"""The number of the first pair, so that a long run can be run in parts, or one again."""
PART = 100
"""So many are drawn by one seed, which is the number of the first of them."""
PARTS = [
    (first, min(PART, FIRST + PAIRS - first))
    for first in range(FIRST, FIRST + PAIRS, PART)
]
DEFINITIONS, DATABASES = 2, 5
"""How many are drawn together: each definition on each of the small databases, which lie
beside each other in one, since to fill an engine, and to plan a question, cost more than
to answer it. More at once would be more than is drawn at a time, and thrown away."""
REDRAWN = 40
SETTINGS = settings(
    deadline=None,
    database=None,
    # A failure is shown as it was drawn: to shrink it would ask Spark for hours.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    with opened(request.param) as engine:
        engine.name = request.param
        yield engine


@st.composite
def sound(draw):
    """A definition that `check` finds nothing wrong with.

    It is drawn again here, not by a filter, which would throw away all that was drawn
    before it.
    """
    for _ in range(REDRAWN):
        one = draw(measures())
        if not check(one):
            return one
    return reject()


@st.composite
def pairs(draw):
    """Definitions, databases beside each other, and who stays in which cohort."""
    drawn = [draw(sound()) for _ in range(DEFINITIONS)]
    every = [draw(tables()) for _ in range(DATABASES)]
    those = [draw(stays()) for _ in range(DATABASES)]
    return drawn, beside_each_other(every), stays_beside_each_other(those)


@cache
def drawn(first, n):
    """Draw the pairs of one part: the same for every engine that is asked."""
    found = []

    @seed(first)
    @given(one=pairs())
    @settings(SETTINGS, max_examples=max(1, n // (DEFINITIONS * DATABASES)))
    def collect(one):
        found.append(one)

    collect()
    return found


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize(("first", "n"), PARTS)
def test_an_engine_agrees_with_the_reference_on_what_nobody_wrote(engine, first, n):
    """Row for row, on random definitions and random data, monthly forms too."""
    every = drawn(first, n)
    counted, began = [], time.monotonic()
    for definitions, rows, cohorts in every:
        with engine.datamart(rows) as datamart:
            for k, measure in enumerate(definitions):
                asked = widened(measure) if k % 2 else measure
                try:
                    counted.append(compared(datamart, asked, rows, cohorts=cohorts))
                except Exception as error:
                    place = len(counted) * DATABASES
                    error.add_note(f"pairs from {first}, the {place}th: {asked!r}")
                    raise
    n_pairs, seconds = len(counted) * DATABASES, time.monotonic() - began
    print(
        f"{engine.name}: pairs {first} to {first + n_pairs - 1} agree, "
        f"{n_pairs / seconds:.1f} a second"
    )
    assert n_pairs >= n
    assert sum(counted) > n / 4, "hardly anybody was in any measure"


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_an_engine_agrees_with_the_reference_on_what_is_shipped(engine, name):
    """Row for row, on random data, with somebody who opted out."""

    @seed(FIRST)
    @given(every=st.lists(tables(), min_size=DATABASES, max_size=DATABASES))
    @settings(SETTINGS, max_examples=1 + PAIRS // 400)
    def agree(every):
        rows = beside_each_other(every)
        with engine.datamart(rows) as datamart:
            compared(datamart, BUILTIN[name], rows, without=frozenset({"p1"}))

    agree()
