"""A VariancePartition that leaves the house shows no small count of either measure."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.ledger import safe
from rounds.methods.proportion import wilson
from rounds.nouns import (
    Estimate,
    LevelVariance,
    NotEstimable,
    Period,
    Ref,
    Standing,
    UnitResult,
    VariancePartition,
)

PERIOD = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
PAIRS = st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(sum)
SITES = st.lists(st.tuples(PAIRS, st.none() | PAIRS), min_size=1, max_size=6)
SMALL = set(range(1, 11))
SHARE = Estimate(value=0.0123456, lower=0.001, upper=0.1, scale="proportion", n=240)
ODDS = Estimate(value=1.23456, lower=1.0, upper=2.0, scale="odds_ratio", n=240)


def unit(name, pair):
    yes, no = pair
    return UnitResult(
        unit=name,
        denominator=yes + no,
        numerator=yes,
        value=0.123456789,
        lower=0.1,
        upper=0.2,
    )


def whole(pairs):
    n, k = sum(map(sum, pairs)), sum(yes for yes, _ in pairs)
    value, lower, upper = (float(bound[0]) for bound in wilson([k], [n]))
    return Estimate(value=value, lower=lower, upper=upper, scale="proportion", n=n)


def partition(sites):
    second = [other for _, other in sites if other is not None]
    return VariancePartition(
        name="x",
        title="X",
        measure=Ref(name="measure/x", version="1", hash="0" * 64),
        period=PERIOD,
        overall=whole([one for one, _ in sites]),
        balancing_overall=whole(second) if second else None,
        levels=(
            LevelVariance(
                level="site",
                model="crude",
                n_units=len(sites),
                share=SHARE,
                median_odds_ratio=ODDS,
                explained=NotEstimable(reason="7 patients are too few."),
            ),
        ),
        sites=tuple(
            Standing(
                site=unit(f"site {i}", one),
                balancing=None if other is None else unit(f"site {i}", other),
                rank=i + 1,
                rank_lower=1,
                rank_upper=len(sites),
                differs="no",
            )
            for i, (one, other) in enumerate(sites)
        ),
        correlation=SHARE.model_copy(update={"scale": "index"}),
    )


def is_small(one):
    n, k = one.denominator, one.numerator
    return n is not None and bool({n, k, n - k} & SMALL)


def check(units, overall, exact):
    """No small count is shown, and none is left of the total."""
    shown = [one for one in units if not one.suppressed]
    assert not any(is_small(one) for one in shown)
    if isinstance(overall, Estimate) and len(shown) < len(units):
        left = exact.n - sum(one.denominator for one in shown)
        some = round(exact.value * exact.n) - sum(one.numerator for one in shown)
        assert not {left, some, left - some} & SMALL


@settings(max_examples=80, deadline=None)
@given(SITES)
def test_no_small_count_is_shown_and_none_is_left_over(sites):
    exact = partition(sites)
    shown = safe(exact)
    assert safe(shown) == shown
    assert VariancePartition.from_json(shown.to_json()) == shown
    check([one.site for one in shown.sites], shown.overall, exact.overall)
    beside = [one.balancing for one in shown.sites if one.balancing is not None]
    if beside:
        check(beside, shown.balancing_overall, exact.balancing_overall)
    for one in shown.sites:
        if one.site.suppressed:
            assert one.rank is None
            assert one.differs is None
    (level,) = shown.levels
    hidden = any(one.site.suppressed for one in shown.sites)
    # What was made of hidden sites goes; nothing says how many patients it rests on.
    assert isinstance(level.share, NotEstimable) == hidden
    for told in (level.share, level.median_odds_ratio, shown.correlation):
        assert isinstance(told, NotEstimable) or told.n is None
    assert "7 patients" not in shown.to_json()
    if hidden:
        assert all(one.site.value is None for one in shown.sites)
        assert all(one.rank is None for one in shown.sites)


def test_large_sites_keep_their_counts_and_three_digits():
    exact = partition([((40, 30), (25, 35)), ((30, 30), None)])
    shown = safe(exact)
    assert [one.site.denominator for one in shown.sites] == [70, 60]
    assert shown.sites[0].site.value == pytest.approx(0.123)
    assert shown.sites[0].rank == 1
    assert shown.levels[0].share.value == pytest.approx(0.012)
