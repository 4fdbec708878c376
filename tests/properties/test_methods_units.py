"""What is always so when units are compared, whatever the counts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods.case_mix.standardisation import (
    byar_limits,
    indirect,
    poisson_mean_limits,
)
from rounds.methods.false_discovery import adjusted_p_values
from rounds.methods.funnels.exact_limits import binomial_limits, poisson_limits
from rounds.methods.funnels.unit_comparison import compare_units
from rounds.methods.multilevel.ranks import ranks

FAMILY = st.sampled_from(["proportion", "rate", "ratio"])
HOW = st.sampled_from(["additive", "multiplicative", "none"])


@st.composite
def units(draw):
    """Give 2 to 12 units, not all without an event and not all events."""
    n = draw(st.lists(st.integers(2, 400), min_size=2, max_size=12))
    x = [draw(st.integers(0, size)) for size in n]
    x[0], x[1] = min(x[0], n[0] - 1), max(x[1], 1)
    return np.array(x), np.array(n)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(counts=units(), family=FAMILY, how=HOW, seed=st.integers(0, 99))
def test_the_order_of_units_changes_nothing_and_limits_hold_the_target(
    counts, family, how, seed
):
    x, n = counts
    found = compare_units(family, x, n, overdispersion=how)
    order = np.random.default_rng(seed).permutation(n.size)
    again = compare_units(family, x[order], n[order], overdispersion=how)
    assert np.allclose(again.lower, found.lower[:, order])
    assert np.allclose(again.z, found.z[order])
    # The inner limits lie within the outer ones, and a unit outside the outer limits
    # lies outside the inner ones too.
    assert (found.lower[1] <= found.lower[0] + 1e-12).all()
    assert (found.upper[1] >= found.upper[0] - 1e-12).all()
    assert (np.abs(found.sides[1]) <= np.abs(found.sides[0])).all()
    for values in (found.lower, found.upper, found.z, found.p_value):
        assert np.isfinite(values).all()
    assert ((found.p_value >= 0) & (found.p_value <= 1)).all()
    if not found.chance_alone:
        assert (found.lower <= found.target).all()
        assert (found.target <= found.upper).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(n=st.integers(1, 5000), target=st.floats(0.01, 0.99), e=st.floats(0.01, 5000))
def test_exact_limits_are_ordered_and_in_range(n, target, e):
    lower, upper = binomial_limits([n], target)
    assert 0 <= lower[0] <= upper[0] <= 1
    lower, upper = poisson_limits([e])
    assert 0 <= lower[0] <= upper[0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_keep_the_order_and_are_never_smaller(p):
    q = adjusted_p_values(p)
    assert (q >= np.array(p) - 1e-15).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(q[order]) >= -1e-15).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(o=st.integers(0, 3000), e=st.floats(0.1, 3000))
def test_intervals_of_ratios_hold_the_ratio_and_byar_is_near_the_exact(o, e):
    found = indirect([o], [e])
    assert found.lower[0] <= found.value[0] <= found.upper[0]
    (low, high), (below, above) = poisson_mean_limits([o]), byar_limits([o])
    assert abs(low[0] - below[0]) < 0.06
    assert abs(high[0] - above[0]) < 0.06


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    draws=st.integers(2, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=1, max_size=9
        )
    ),
    seed=st.integers(0, 99),
    more=st.booleans(),
)
def test_the_order_of_units_changes_no_rank_however_often_they_are_equal(
    draws, seed, more
):
    values = np.array(draws)
    found = ranks(values, more_is_better=more)
    order = np.random.default_rng(seed).permutation(values.shape[1])
    again = ranks(values[:, order], more_is_better=more)
    for name in ("rank", "mean", "lower", "upper", "first", "top", "bottom"):
        assert (getattr(again, name) == getattr(found, name)[order]).all(), name
    assert (found.lower <= found.rank).all()
    assert (found.rank <= found.upper).all()
