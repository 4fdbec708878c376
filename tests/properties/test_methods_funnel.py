"""The funnel of a Problem: what is always so, whatever the counts."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from rounds.methods.funnels.deletion import deletion_residuals, paule_mandel
from rounds.methods.funnels.funnel import funnel, funnel_limits
from rounds.methods.funnels.predictive import Predictive

FEW = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def counts(draw, least=3, most=14):
    """Units that are mostly alike, rare events among them, and one or two that may lie
    anywhere."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = rng.integers(
        1, draw(st.sampled_from([30, 400])), draw(st.integers(least, most))
    )
    p = draw(st.sampled_from([0.01, 0.1, 0.5, 0.97]))
    x = rng.binomial(n, p)
    for at in draw(st.lists(st.integers(0, len(n) - 1), max_size=2)):
        x[at] = draw(st.integers(0, int(n[at])))
    assume(0 < x.sum() < n.sum())
    return x, n


@FEW
@given(counts())
def test_a_unit_is_named_if_and_only_if_it_lies_outside_its_limits(pair):
    x, n = pair
    found = funnel(x, n)
    lower, upper = found.limits
    assert (found.low == (x / n < lower)).all()
    assert (found.high == (x / n > upper)).all()
    assert not (found.low & found.high).any()
    assert ((lower >= 0) & (lower < upper) & (upper <= 1)).all()


@FEW
@given(counts())
def test_the_limits_are_those_of_its_target_spread_and_degrees_of_freedom(pair):
    """So that a picture that knows these three draws the limits that name."""
    x, n = pair
    found = funnel(x, n)
    assume(0 < found.target < 1)
    drawn = funnel_limits(n, found.target, found.tau2, found.df)
    assert np.allclose(drawn, found.limits, atol=1e-6)


@FEW
@given(counts())
def test_the_order_of_units_does_not_matter(pair):
    x, n = pair
    order = np.argsort(x, kind="stable")[::-1]
    found, turned = funnel(x, n), funnel(x[order], n[order])
    assert np.allclose(found.limits[0][order], turned.limits[0], atol=1e-7)
    assert (found.low[order] == turned.low).all()
    assert (found.high[order] == turned.high).all()


@FEW
@given(counts())
def test_what_is_low_of_the_one_outcome_is_high_of_the_other(pair):
    x, n = pair
    found, other = funnel(x, n), funnel(n - x, n)
    assert (found.low == other.high).all()
    assert np.isclose(found.target, 1 - other.target)
    assert np.allclose(found.limits[0], 1 - other.limits[1], atol=1e-7)


@FEW
@given(counts(), st.floats(0.05, 0.95))
def test_one_expectation_for_all_is_no_expectation(pair, share):
    """Only what a unit is expected to have beside the others' can move it."""
    x, n = pair
    found, moved = funnel(x, n), funnel(x, n, expected=share * n)
    assert np.isclose(found.target, moved.target, atol=1e-6)
    assert np.allclose(found.limits, moved.limits, atol=1e-6)
    assert (found.low == moved.low).all()
    assert (found.high == moved.high).all()


@FEW
@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.floats(0.02, 0.98),
)
def test_without_a_spread_tails_are_binomial(pair, p):
    x, n = pair
    known = Predictive([n], np.arcsin(np.sqrt(p)), 0.0, np.inf)
    assert np.isclose(known.at_most([x])[0], binom.cdf(x, n, p))
    half = (binom.cdf(x, n, p) + binom.cdf(x - 1, n, p)) / 2
    assert np.isclose(known.fewer([x])[0], half)


@FEW
@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=5),
    st.floats(0.01, 0.99),
    st.floats(0.0, 0.1),
    st.sampled_from([3, 10, 100]),
    st.sampled_from([0.001, 0.025, 0.2]),
)
def test_a_count_is_below_the_quantile_if_its_mid_p_is_below_the_tail(
    totals, p, tau2, df, tail
):
    n = np.array(totals, dtype=float)
    units = Predictive(n, np.arcsin(np.sqrt(p)), tau2, df)
    at = units.quantile(tail)
    below, above = np.floor(at), np.floor(at) + 1
    fits = np.flatnonzero(below >= 0)
    assert (units.fewer(below[fits], fits) <= tail + 1e-9).all()
    fits = np.flatnonzero(above < n)
    assert (units.fewer(above[fits], fits) >= tail - 1e-9).all()


@FEW
@given(st.integers(5, 2000), st.floats(0.05, 0.95), st.floats(0.0, 0.05))
def test_less_knowledge_of_the_spread_never_narrows_the_limits(n, p, tau2):
    """At 99.8%, fewer degrees of freedom put them further out."""
    ends = [
        np.ravel(funnel_limits([n], p, tau2, df)) for df in (4, 10, 40, 1000, np.inf)
    ]
    lower, upper = np.array(ends).T
    assert (np.diff(lower) >= -1e-6).all()
    assert (np.diff(upper) <= 1e-6).all()


@FEW
@given(
    st.lists(st.floats(-3, 3), min_size=4, max_size=20),
    st.floats(-5, 5),
    st.integers(0, 999),
)
def test_deletion_residuals_do_not_depend_on_where_zero_lies(effects, by, seed):
    y = np.array(effects)
    ses = np.random.default_rng(seed).uniform(0.1, 1.0, y.size)
    found, moved = deletion_residuals(y, ses), deletion_residuals(y + by, ses)
    assert np.allclose(found.z, moved.z, atol=1e-6)
    for i in (0, y.size - 1):
        rest = np.delete(y, i), np.delete(ses, i)
        assert np.isclose(found.tau2[i], paule_mandel(*rest)[0])
