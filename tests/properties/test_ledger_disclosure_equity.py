"""An Equity that leaves the house shows no small count, whatever was counted."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.ledger import safe
from rounds.loop.problem.inequality import inequality
from rounds.methods.proportion import wilson
from rounds.nouns import (
    Equity,
    Estimate,
    Meeting,
    NotEstimable,
    Period,
    Ref,
    UnitResult,
)

PERIOD = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
COUNTS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(sum),
    min_size=1,
    max_size=5,
)
SMALL = range(1, 11)


def one(counts, name, contrast):
    """A characteristic whose first group is of those of whom it is not recorded."""
    labels, met = [], []
    for place, (yes, no) in enumerate(counts):
        labels += [f"group {place}" if place else "(not recorded)"] * (yes + no)
        met += [True] * yes + [False] * no
    met = np.array(met, dtype=bool)
    return inequality(
        np.array(labels),
        met,
        np.array(["site"] * met.size),
        name=name,
        unknown="(not recorded)",
        contrast=contrast,
        more_is_better=True,
    )


def equity(counts):
    n, k = sum(map(sum, counts)), sum(yes for yes, _ in counts)
    value, lower, upper = (float(bound[0]) for bound in wilson([k], [n]))
    cells = tuple(
        UnitResult(
            unit=f"cell {place}",
            denominator=yes + no,
            numerator=yes,
            value=0.123456789,
            lower=0.1,
            upper=0.2,
        )
        for place, (yes, no) in enumerate(counts)
    )
    vpc = Estimate(value=0.0123456, lower=0, upper=0.1, scale="proportion", n=n)
    return Equity(
        name="x",
        title="X",
        measure=Ref(name="measure/x", version="1", hash="0" * 64),
        period=PERIOD,
        overall=Estimate(
            value=value, lower=lower, upper=upper, scale="proportion", n=n
        ),
        inequalities=(one(counts, "a", "last minus first"), one(counts[::-1], "b", "")),
        meeting=Meeting(characteristics=("a", "b"), cells=cells, vpc=vpc, pcv=0.5),
    )


def is_small(unit):
    n, k = unit.denominator, unit.numerator
    return n is not None and bool({n, k, n - k} & set(SMALL))


@settings(max_examples=80, deadline=None)
@given(COUNTS)
def test_no_small_count_is_shown_and_none_is_left_over(counts):
    """Neither in a group, nor as the total less the groups that are shown."""
    exact = equity(counts)
    shown = safe(exact)
    assert safe(shown) == shown
    assert Equity.from_json(shown.to_json()) == shown
    n, k = sum(map(sum, counts)), sum(yes for yes, _ in counts)
    told = not isinstance(shown.overall, NotEstimable)
    for table in shown.inequalities:
        seen = [group for group in table.groups if not group.suppressed]
        assert not any(is_small(group) for group in seen)
        if told and len(seen) < len(table.groups):
            left = n - sum(group.denominator for group in seen)
            some = k - sum(group.numerator for group in seen)
            assert not {left, some, left - some} & set(SMALL)
        numbers = [table.slope, table.relative, table.concentration, table.spread]
        numbers += [gap.gap for gap in table.gaps] + [table.attributable]
        if len(seen) < len(table.groups):
            known = [each for each in numbers if isinstance(each, Estimate)]
            assert all(each.n is None for each in known)
    met = shown.meeting
    if any(is_small(cell) for cell in exact.meeting.cells):
        assert all(cell.denominator is None for cell in met.cells)
        assert {cell.value for cell in met.cells} <= {None, 0.12}
        assert met.vpc.n is None
    else:
        assert met == exact.meeting


def test_groups_that_are_large_lose_nothing():
    exact = equity([(40, 30), (25, 35), (30, 30)])
    assert safe(exact) == exact


@pytest.mark.parametrize("missing", [1, 5, 10])
def test_the_few_of_whom_it_is_not_recorded_are_no_share_either(missing):
    shown = safe(equity([(missing, 0), (30, 30), (40, 20)]))
    assert isinstance(shown.inequalities[0].not_recorded, NotEstimable)
