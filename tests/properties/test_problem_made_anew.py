"""What is made of a problem's sites tells nothing of those that are hidden."""

import datetime as dt

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rounds.conduct.anew import made_anew
from rounds.definitions import builtin_measures
from rounds.ledger import safe
from rounds.loop.problem.variation import gain, spread, with_intervals
from rounds.nouns import (
    Aim,
    Estimate,
    NotEstimable,
    Period,
    Problem,
    Ref,
    UnitResult,
    Variation,
)

MEASURE = builtin_measures()["blood-pressure-control"]
LARGE = [(120, 70), (200, 60), (90, 50), (150, 130), (80, 30), (110, 66), (300, 240)]


def problem(cells) -> Problem:
    units = tuple(
        UnitResult(unit=f"site {i}", denominator=d, numerator=k)
        for i, (d, k) in enumerate(cells)
    )
    d, k = (sum(part) for part in zip(*cells, strict=True))
    variation = spread(units)
    rng = np.random.default_rng(1)
    return Problem(
        name="x",
        title="x",
        measure=MEASURE.ref(),
        period=Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31)),
        aim=Aim(measure=MEASURE.name, target=0.7, by=dt.date(2025, 12, 31)),
        owner="Ana",
        community=Ref(name="community/x", version="1", hash="0" * 64),
        units=with_intervals(units),
        baseline=Estimate(
            value=k / d, lower=k / d - 0.02, upper=k / d + 0.02,
            scale="proportion", n=d,
        ),
        variation=variation,
        chart=NotEstimable(reason="not needed here"),
        gap_to_best=gain(units, variation, more_is_better=True, rng=rng),
    )  # fmt: skip


SMALL = st.tuples(st.integers(2, 10), st.integers(0, 10)).filter(lambda c: c[1] <= c[0])


@settings(max_examples=12, deadline=None, derandomize=True)
@given(first=SMALL, second=SMALL, other=SMALL)
def test_variation_and_gap_are_the_same_whatever_is_hidden(first, second, other):
    """Two problems of one total that differ in their hidden sites alone."""
    d = first[0] + second[0] - other[0]
    k = first[1] + second[1] - other[1]
    assume(2 <= d <= 10)
    assume(0 <= k <= d)
    told = []
    for pair in ([first, second], [other, (d, k)]):
        exact = problem([*LARGE, *pair])
        assert isinstance(exact.variation, Variation)
        shown = safe(exact)
        told.append(
            made_anew(shown, MEASURE).model_copy(update={"baseline": shown.baseline})
        )
    hidden = [[unit.suppressed for unit in each.units] for each in told]
    assume(hidden[0] == hidden[1])
    assert sum(hidden[0]) >= 2
    assert told[0] == told[1]
    assert isinstance(told[0].gap_to_best, Estimate)


def test_where_nothing_is_hidden_nothing_is_made_anew():
    exact = problem(LARGE)
    assert made_anew(safe(exact), MEASURE) == safe(exact)


def test_a_hidden_site_is_no_outlier_and_the_others_are_compared():
    exact = problem([*LARGE, (9, 0), (8, 8)])
    shown = made_anew(safe(exact), MEASURE)
    told = [unit for unit in shown.units if not unit.suppressed]
    assert len(LARGE) - 2 < len(told) <= len(LARGE)
    assert shown.variation == spread(told)
    named = {*shown.variation.outliers_low, *shown.variation.outliers_high}
    assert named <= {unit.unit for unit in told}
    assert any("left out" in sentence for sentence in shown.limitations)
