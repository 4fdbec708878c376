"""What is always so, whatever the counts."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rounds.loop.problem.trend import chart_of
from rounds.loop.problem.variation import gain, spread, with_intervals
from rounds.methods.multilevel.shrinkage import random_intercept
from rounds.methods.priors.meta import random_effects
from rounds.methods.priors.prior import Component, predictive, robust
from rounds.methods.proportion import newcombe, wilson
from rounds.methods.spc import p_chart, runs, xmr_chart
from rounds.nouns import NotEstimable, UnitResult

FEW = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def counts(draw, least=2, most=12):
    totals = draw(st.lists(st.integers(1, 400), min_size=least, max_size=most))
    return [draw(st.integers(0, n)) for n in totals], totals


def mixed(x, n):
    """Whether some succeeded and some did not."""
    return 0 < sum(x) < sum(n)


@FEW
@given(counts(least=1))
def test_a_wilson_interval_holds_its_proportion(pair):
    """Inside [0, 1], value inside; failures mirror successes."""
    x, n = map(np.array, pair)
    value, lower, upper = wilson(x, n)
    assert ((lower >= 0) & (lower <= value) & (value <= upper) & (upper <= 1)).all()
    _, mirrored, _ = wilson(n - x, n)
    assert np.allclose(1 - mirrored, upper)


@FEW
@given(counts(least=2, most=2))
def test_exchanging_groups_exchanges_the_sign_of_newcombes_interval(pair):
    """Second minus first is the negative of first minus second."""
    x, n = pair
    value, lower, upper = newcombe(tuple(x), tuple(n))
    back = newcombe(tuple(x[::-1]), tuple(n[::-1]))
    assert np.allclose((value, lower, upper), (-back[0], -back[2], -back[1]))
    assert -1 <= lower <= value <= upper <= 1


@FEW
@given(counts(least=3, most=8))
def test_shrunken_values_lie_between_the_raw_ones_and_the_whole(pair):
    """Every unit is drawn towards the middle, never past it or away."""
    x, n = map(np.array, pair)
    if not mixed(x, n):
        return
    fit = random_intercept(x, n)
    middle = 1 / (1 + np.exp(-fit.coefficients[0]))
    raw = x / n
    slack = 1e-6
    assert (fit.value >= np.minimum(raw, middle) - slack).all()
    assert (fit.value <= np.maximum(raw, middle) + slack).all()
    assert fit.sd >= 0
    assert fit.median_odds_ratio >= 1


@FEW
@given(counts(least=2, most=30))
def test_limits_of_a_p_chart_are_proportions_around_its_centre(pair):
    """Lower ≤ centre ≤ upper, all in [0, 1]; a point beyond is outside its limits."""
    assume(0 < sum(pair[0]) < sum(pair[1]))
    chart = p_chart(*pair)
    assert ((chart.lower >= 0) & (chart.upper <= 1)).all()
    assert (chart.lower <= chart.centre_line).all()
    assert (chart.upper >= chart.centre_line).all()
    outside = (chart.value < chart.lower) | (chart.value > chart.upper)
    assert (chart.beyond == outside).all()


@FEW
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=40))
def test_runs_and_crossings_add_up(values):
    """Crossings are one fewer than runs; mirrored values have the same."""
    found, mirrored = runs(values, 0.0), runs([-v for v in values], 0.0)
    assert (found.longest_run, found.n_crossings) == (
        mirrored.longest_run,
        mirrored.n_crossings,
    )
    assert found.longest_run + found.n_crossings <= max(found.n_useful, 0)
    if found.n_useful:
        assert found.longest_run >= found.n_useful / (found.n_crossings + 1)


@FEW
@given(
    st.lists(st.floats(-1, 1), min_size=2, max_size=10),
    st.floats(-5, 5),
    st.integers(0, 10_000),
)
def test_adding_a_constant_to_effects_adds_it_to_the_pooled_one(effects, by, seed):
    """Heterogeneity is as before; the order of studies does not matter."""
    ses = np.random.default_rng(seed).uniform(0.05, 0.5, len(effects))
    found = random_effects(effects, ses)
    moved = random_effects(np.array(effects)[::-1] + by, ses[::-1])
    assert moved.value == pytest.approx(found.value + by, abs=1e-6)
    assert moved.tau2 == pytest.approx(found.tau2, abs=1e-6)
    assert found.lower <= found.value <= found.upper
    assert 0 <= found.i2 <= 1
    assert found.weights.sum() == pytest.approx(1)


@FEW
@given(
    st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=8),
    st.floats(0.01, 0.3),
    st.floats(0.01, 0.9),
)
def test_a_robust_prior_is_a_distribution(effects, se, weight):
    """Weights are positive and sum to 1; the vague part has its weight."""
    parts = robust(
        predictive(effects, [se] * len(effects), tau_scale=0.1),
        vague_weight=weight,
        vague_sd=0.5,
    )
    assert sum(part.weight for part in parts) == pytest.approx(1)
    assert all(part.weight > 0 and part.sd > 0 for part in parts)
    assert parts[-1] == Component(weight=weight, mean=0.0, sd=0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wilson([3], [2]), "between 0 and their total"),
        (lambda: wilson([0], [0]), "at least 1"),
        (lambda: wilson([1, 2], [3]), "2 successes for 1 totals"),
        (lambda: wilson([1], [2], level=95), "between 0 and 1"),
        (lambda: wilson([np.nan], [2]), "finite"),
        (lambda: p_chart([1, 2], [3, 4], [False, False]), "at least one of the 2"),
        (lambda: xmr_chart([1.0]), "2 or more"),
        (lambda: random_intercept([0, 0], [5, 5]), "all successes are 0"),
        (lambda: random_intercept([1, 2], [5, 5], [0, 0]), "two groups"),
        (lambda: random_effects([0.1], [0.1]), "two studies"),
        (lambda: random_effects([0.1, 0.2], [0.1, 0.0]), "above 0"),
        (lambda: random_effects([0.1, 0.2], [0.1]), "shape"),
        (lambda: predictive([0.1], [0.1], tau_scale=0.0), "above 0"),
        (lambda: robust((), vague_weight=1.0, vague_sd=0.5), "between 0 and 1"),
    ],
)
def test_impossible_input_is_refused_with_what_was_expected(call, words):
    """Never a NaN, never a guess."""
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("seed", range(25))
def test_strange_units_are_answered_or_said_to_be_unanswerable(seed):
    """Empty units, units all 0 or all 1, one patient each, thousands: never a fault."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 40))
    n = rng.integers(0, int(rng.choice([2, 6, 50, 2000])), k)
    x = rng.binomial(n, rng.beta(*rng.choice([0.05, 0.5, 1, 5, 50], 2), k))
    units = [
        UnitResult(unit=f"s{i}", denominator=int(a), numerator=int(b))
        for i, (a, b) in enumerate(zip(n, x, strict=True))
    ]
    shown = with_intervals(units)
    assert len(shown) == (n > 0).sum()
    variation = spread(units)
    gap = gain(units, variation, more_is_better=bool(seed % 2), rng=rng)
    if isinstance(variation, NotEstimable):
        assert isinstance(gap, NotEstimable)
    else:
        assert (
            1
            <= variation.median_odds_ratio_lower
            <= variation.median_odds_ratio
            <= variation.median_odds_ratio_upper
        )
        assert 0 <= gap.lower <= gap.upper <= n.sum()
    chart_of(units, title="Months")
