"""What is always so of bounds for several looks, whatever the looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods.sequential import (
    HwangShihDeCani,
    KimDeMets,
    LanDeMetsOBrienFleming,
    LanDeMetsPocock,
    Planned,
    after_stopping,
    as_planned,
    bounded_mean_sequence,
    characteristics,
    confidence_sequence,
    effect_for_power,
    exit_probabilities,
    exits,
    proportion_sequence,
    shaped_bounds,
    spending_bounds,
    with_futility,
)

FEW = settings(max_examples=60, deadline=None, derandomize=True)
ALPHAS = st.sampled_from([0.001, 0.01, 0.025, 0.05, 0.2, 0.5])
SPENDING = st.one_of(
    st.just(LanDeMetsOBrienFleming()),
    st.just(LanDeMetsPocock()),
    st.floats(0.2, 6).map(KimDeMets),
    st.floats(-8, 4).map(HwangShihDeCani),
    st.just(Planned((0.3, 0.6, 1.0), (0.05, 0.4, 1.0))),
)


@st.composite
def schedules(draw, most=6):
    """Give 2 to `most` looks up to fraction 1, not closer than a hundredth."""
    inner = draw(
        st.lists(st.integers(3, 98), min_size=1, max_size=most - 1, unique=True)
    )
    return [*(k / 100 for k in sorted(inner)), 1.0]


@FEW
@given(spending=SPENDING, at=st.lists(st.floats(0, 3), min_size=2), alpha=ALPHAS)
def test_spending_never_falls_and_ends_at_the_whole_error(spending, at, alpha):
    found = spending(np.sort([0.0, *at, 1.0, 2.0]), alpha)
    assert (np.diff(found) >= -1e-15).all()
    assert found[0] == pytest.approx(0, abs=1e-15)
    assert found[-1] == pytest.approx(alpha, rel=1e-9)


@FEW
@given(
    looks=schedules(), spending=SPENDING, alpha=ALPHAS, sides=st.sampled_from([1, 2])
)
def test_bounds_spend_what_they_are_told_to(looks, spending, alpha, sides):
    plan = spending_bounds(looks, spending, alpha=alpha, sides=sides)
    wanted = sides * spending(looks, alpha / sides)
    assert plan.spent == pytest.approx(wanted, abs=1e-8)
    assert plan.spent[-1] == pytest.approx(alpha, abs=1e-8)


@FEW
@given(looks=schedules(), spending=SPENDING, later=st.floats(0.02, 0.5))
def test_what_comes_later_does_not_change_a_bound(looks, spending, later):
    """Whoever looked knew nothing of the looks that were to come."""
    plan = spending_bounds(looks, spending, alpha=0.05)
    more = spending_bounds([*looks, 1 + later], spending, alpha=0.05)
    fewer = spending_bounds(looks[:-1], spending, alpha=0.05)
    assert more.upper[: len(looks)] == pytest.approx(plan.upper, abs=1e-9)
    assert fewer.upper == pytest.approx(plan.upper[:-1], abs=1e-9)
    # Nothing is left to spend.
    assert more.upper[-1] == np.inf


@FEW
@given(looks=schedules(), alpha=st.sampled_from([0.01, 0.025, 0.1]))
def test_bounds_of_obrien_and_fleming_fall_and_those_of_pocock_do_not(looks, alpha):
    early = shaped_bounds(looks, alpha=alpha)
    even = shaped_bounds(looks, alpha=alpha, shape=0.5)
    assert (np.diff(early.upper) < 0).all()
    assert np.ptp(even.upper) < 1e-12
    assert early.upper[-1] < even.upper[-1]
    assert early.upper[0] > even.upper[0]
    # Looking never costs less than one look at the last bound.
    single = shaped_bounds([1.0], alpha=alpha).upper[0]
    assert single <= early.upper[-1] + 1e-9


@FEW
@given(looks=st.integers(1, 7), shape=st.sampled_from([0.0, 0.25, 0.5]))
def test_one_more_look_costs_more_at_most_and_less_on_average(looks, shape):
    fewer, more = (
        characteristics(
            shaped_bounds(np.arange(1, k + 1) / k, alpha=0.025, shape=shape), power=0.8
        )
        for k in (looks, looks + 1)
    )
    assert more.inflation > fewer.inflation >= 1 - 1e-9
    assert more.expected_effect < fewer.expected_effect + 0.02
    assert more.expected_effect < 1


@FEW
@given(
    looks=schedules(), shape=st.sampled_from([0.0, 0.5]), sides=st.sampled_from([1, 2])
)
def test_a_plan_is_held_by_its_own_spending(looks, shape, sides):
    plan = shaped_bounds(looks, alpha=0.05, shape=shape, sides=sides)
    held = spending_bounds(looks, as_planned(plan), alpha=0.05, sides=sides)
    known = plan.upper < 5
    assert held.upper[known] == pytest.approx(plan.upper[known], abs=1e-5)


@FEW
@given(
    looks=schedules(most=4),
    alpha=SPENDING,
    beta=SPENDING,
    power=st.sampled_from([0.6, 0.8, 0.95]),
    binding=st.booleans(),
)
def test_futility_keeps_what_it_promises(looks, alpha, beta, power, binding):
    plan = spending_bounds(looks, alpha, alpha=0.05)
    found, effect = with_futility(plan, beta, power=power, binding=binding)
    assert (found.lower[:-1] < found.upper[:-1]).all()
    assert found.lower[-1] == found.upper[-1]
    exits = found.exits(effect)
    assert exits.above.sum() == pytest.approx(power, abs=1e-8)
    assert np.cumsum(exits.below) == pytest.approx(beta(looks, 1 - power), abs=1e-8)
    assert found.spent[-1] == pytest.approx(0.05, abs=1e-8)
    # A power that futility takes nothing from is paid for in information.
    assert binding or effect >= effect_for_power(plan, power) - 1e-9


@FEW
@given(
    looks=schedules(),
    upper=st.floats(0, 4),
    lower=st.floats(-4, 0),
    effect=st.floats(-3, 3),
)
def test_chances_of_leaving_are_mirrored_and_add_up(looks, upper, lower, effect):
    k = len(looks)
    one = exit_probabilities(looks, upper=[upper] * k, lower=[lower] * k, effect=effect)
    other = exit_probabilities(
        looks, upper=[-lower] * k, lower=[-upper] * k, effect=-effect
    )
    assert one.above == pytest.approx(other.below, abs=1e-12)
    assert one.below == pytest.approx(other.above, abs=1e-12)
    assert 0 <= one.total.sum() <= 1 + 1e-12
    # The unit of information is of no account.
    scaled = exit_probabilities(
        np.array(looks) * 50,
        upper=[upper] * k,
        lower=[lower] * k,
        effect=effect / np.sqrt(50),
    )
    assert scaled.above == pytest.approx(one.above, abs=1e-11)


@FEW
@given(looks=schedules(), upper=st.floats(0, 4), effect=st.floats(-3, 3))
def test_finer_integrals_give_the_same_chances(looks, upper, effect):
    bounds = {"upper": [upper] * len(looks), "lower": [-2.0] * len(looks)}
    found = exit_probabilities(looks, **bounds, effect=effect)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exits, "_PANEL", 1.5)
        finer = exit_probabilities(looks, **bounds, effect=effect)
    assert found.above == pytest.approx(finer.above, abs=1e-11)
    assert found.below == pytest.approx(finer.below, abs=1e-11)


@FEW
@given(looks=schedules(most=4), z=st.floats(-4, 4), sides=st.sampled_from([1, 2]))
def test_what_is_said_after_stopping_is_in_order(looks, z, sides):
    plan = shaped_bounds(looks, alpha=0.05, sides=sides, shape=0.25)
    found = after_stopping(plan, len(looks), z, se=0.1)
    assert found.lower < found.estimate < found.upper
    assert 0 <= found.p_value <= 1
    # It excludes 0 exactly where the plan shows an effect.
    shown = abs(z) >= plan.upper[-1] if sides == 2 else z >= plan.upper[-1]
    if abs(abs(z) - plan.upper[-1]) > 1e-6:
        excluded = found.lower > 0 or (sides == 2 and found.upper < 0)
        assert excluded == shown
        assert (found.p_value <= 0.05) == shown
    if sides == 2:
        mirror = after_stopping(plan, len(looks), -z, se=0.1)
        assert mirror.estimate == pytest.approx(-found.estimate, abs=1e-8)
        assert mirror.lower == pytest.approx(-found.upper, abs=1e-8)


PATHS = st.lists(
    st.tuples(st.floats(-2, 2), st.floats(0.01, 3)), min_size=1, max_size=12
)


@FEW
@given(path=PATHS, alpha=ALPHAS, df=st.one_of(st.none(), st.integers(1, 60)))
def test_always_valid_intervals_shrink_and_agree_with_their_p_value(path, alpha, df):
    estimate, se = np.array(path).T
    found = confidence_sequence(estimate, se, alpha=alpha, tightest=0.1, df=df)
    assert (np.diff(found.lower[np.isfinite(found.lower)]) >= 0).all()
    assert (np.diff(found.upper[np.isfinite(found.upper)]) <= 0).all()
    assert (np.diff(found.p_value) <= 0).all()
    assert ((found.p_value >= 0) & (found.p_value <= 1)).all()
    stricter = confidence_sequence(estimate, se, alpha=alpha / 2, tightest=0.1, df=df)
    assert (stricter.lower <= found.lower + 1e-9).all() or alpha > 0.3
    if df is None:
        shown = (found.lower > 1e-9) | (found.upper < -1e-9)
        assert (found.p_value[shown] <= alpha * (1 + 1e-6)).all()


@FEW
@given(
    events=st.lists(st.booleans(), min_size=1, max_size=60),
    alpha=st.sampled_from([0.01, 0.05, 0.2]),
)
def test_intervals_of_proportions_lie_within_0_and_1_and_mirror(events, alpha):
    x = np.cumsum(events)
    n = np.arange(1, x.size + 1)
    lower, upper = proportion_sequence(x, n, alpha=alpha, tightest=30)
    other_lower, other_upper = proportion_sequence(n - x, n, alpha=alpha, tightest=30)
    assert ((lower >= 0) & (upper <= 1)).all()
    assert lower == pytest.approx(1 - other_upper, abs=1e-12)
    assert upper == pytest.approx(1 - other_lower, abs=1e-12)
    low, high = bounded_mean_sequence(np.array(events, dtype=float), alpha=alpha)
    assert ((low >= 0) & (high <= 1)).all()
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()
