"""What is always so, whatever the studies."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods.pooling.bayes import bayes
from rounds.methods.pooling.influence import influence
from rounds.methods.pooling.pooled import pool
from rounds.methods.pooling.regression import meta_regression
from rounds.methods.pooling.small_study import egger, funnel_contours
from rounds.methods.pooling.studies import quantile
from rounds.methods.pooling.tables import mantel_haenszel, of_tables
from rounds.methods.priors.borrowing import borrow
from rounds.methods.priors.posterior import MixturePosterior
from rounds.methods.priors.prior import Component

FEW = settings(max_examples=25, deadline=None, derandomize=True)
METHODS = st.sampled_from(["fixed", "dl", "reml", "pm"])
INTERVALS = st.sampled_from(["normal", "modified_hksj"])


@st.composite
def made(draw, least=2, most=9):
    """Effects and standard errors, in a unit between thousandths and thousands."""
    k = draw(st.integers(least, most))
    effects = [draw(st.floats(-3, 3)) for _ in range(k)]
    ses = [draw(st.floats(0.05, 2)) for _ in range(k)]
    return np.array(effects), np.array(ses)


@st.composite
def tables(draw, least=1, most=6):
    """Events and persons of two arms, with zeros among them."""
    k = draw(st.integers(least, most))
    n1, n2 = ([draw(st.integers(1, 60)) for _ in range(k)] for _ in range(2))
    x1, x2 = ([draw(st.integers(0, n)) for n in arm] for arm in (n1, n2))
    return x1, n1, x2, n2


def numbers(found):
    between = found.heterogeneity
    return np.array(
        [found.estimate, found.se, found.lower, found.upper, between.tau2**0.5]
    )


@FEW
@given(made(), METHODS, INTERVALS, st.integers(0, 1000))
def test_the_order_of_studies_does_not_matter(data, method, interval, seed):
    order = np.random.default_rng(seed).permutation(data[0].size)
    one = pool(*data, method=method, interval=interval)
    two = pool(*(part[order] for part in data), method=method, interval=interval)
    # The root of tau² magnifies the last digit where tau² is all but 0.
    assert np.allclose(numbers(one), numbers(two), rtol=1e-6, atol=1e-6)
    assert np.allclose(one.weights[order], two.weights, atol=1e-7)


@FEW
@given(made(), METHODS, INTERVALS, st.sampled_from([1e-30, 1e-3, 7.0, 1e30]))
def test_another_unit_gives_the_same_in_that_unit(data, method, interval, unit):
    one = pool(*data, method=method, interval=interval)
    two = pool(*(unit * part for part in data), method=method, interval=interval)
    assert np.allclose(unit * numbers(one), numbers(two), rtol=1e-6, atol=1e-6 * unit)
    assert two.heterogeneity.i2 == pytest.approx(one.heterogeneity.i2, abs=1e-6)
    assert two.p_value == pytest.approx(one.p_value, abs=1e-6)


@FEW
@given(made(), METHODS, INTERVALS, st.floats(-5, 5))
def test_a_constant_moves_the_pooled_effect_and_the_other_sign_mirrors_it(
    data, method, interval, by
):
    effects, ses = data
    one = pool(effects, ses, method=method, interval=interval)
    moved = pool(effects + by, ses, method=method, interval=interval)
    mirrored = pool(-effects, ses, method=method, interval=interval)
    assert moved.estimate == pytest.approx(one.estimate + by, abs=1e-6)
    assert moved.se == pytest.approx(one.se, abs=1e-6)
    assert [-mirrored.upper, -mirrored.lower] == pytest.approx(
        [one.lower, one.upper], abs=1e-6
    )


@FEW
@given(made(), st.sampled_from(["fixed", "reml"]), st.floats(-3, 3))
def test_a_study_that_knows_nothing_changes_nothing(data, method, effect):
    """Its standard error is huge. Moment estimators count it all the same, as a degree
    of freedom: DerSimonian and Laird's variance and Paule and Mandel's do change."""
    effects, ses = data
    one = pool(effects, ses, method=method, interval="normal")
    two = pool(
        np.append(effects, effect),
        np.append(ses, 1e7),
        method=method,
        interval="normal",
    )
    assert np.allclose(numbers(one), numbers(two), rtol=1e-5, atol=1e-5)
    assert two.weights[-1] < 1e-10


@FEW
@given(made(least=3), st.sampled_from(["dl", "reml", "pm"]))
def test_intervals_hold_each_other(data, method):
    """Normal within modified HKSJ; k-1 within k-2; the mean's within a new study's."""
    normal, careful = (
        pool(*data, method=method, interval=one) for one in ("normal", "modified_hksj")
    )
    wide = pool(*data, method=method, prediction="k-2")
    assert careful.lower <= normal.lower + 1e-12
    assert careful.upper >= normal.upper - 1e-12
    assert careful.se >= normal.se
    for found in (normal, careful):
        low, high = found.prediction
        assert low <= found.lower + 1e-12
        assert high >= found.upper - 1e-12
        if found.heterogeneity.tau2 == 0:
            assert (low, high) == pytest.approx((found.lower, found.upper))
    assert wide.prediction[0] < careful.prediction[0]
    assert wide.prediction[1] > careful.prediction[1]


@FEW
@given(made(), METHODS)
def test_heterogeneity_is_a_share_and_its_profile_holds_paule_and_mandels(data, method):
    found = pool(*data, method=method)
    between = found.heterogeneity
    assert 0 <= between.i2 < 1
    assert between.h2 >= (0 if method == "fixed" else 1)
    assert between.q >= 0
    assert 0 <= between.q_p_value <= 1
    assert found.weights.sum() == pytest.approx(1)
    assert (found.weights > 0).all()
    tau2 = pool(*data, method="pm").heterogeneity.tau2
    if between.tau2_interval is None:
        assert tau2 == 0
    else:
        low, high = between.tau2_interval
        assert low <= tau2 * (1 + 1e-9)
        assert tau2 <= high * (1 + 1e-9)


@FEW
@given(made(least=3, most=6), METHODS)
def test_leaving_out_is_pooling_the_rest(data, method):
    found = influence(*data, method=method)
    for i in range(data[0].size):
        rest = pool(*(np.delete(part, i) for part in data), method=method)
        assert found.estimate[i] == rest.estimate
        assert found.lower[i] == rest.lower
        assert found.tau2[i] == rest.heterogeneity.tau2
    assert (found.cooks_distance >= 0).all()
    assert found.weight.sum() == pytest.approx(1)


@FEW
@given(made(least=4), st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 1000))
def test_a_covariate_in_another_unit_predicts_the_same(data, unit, shift, seed):
    x = np.random.default_rng(seed).normal(size=data[0].size)
    one = meta_regression(*data, x)
    two = meta_regression(*data, unit * x + shift)
    assert two.coefficients[1] * unit == pytest.approx(one.coefficients[1], abs=1e-5)
    at, moved = one.at([0.5]), two.at([unit * 0.5 + shift])
    assert moved.value == pytest.approx(at.value, abs=1e-5)
    assert moved.lower == pytest.approx(at.lower, abs=1e-5)
    assert two.omnibus_p_value == pytest.approx(one.omnibus_p_value, abs=1e-5)


@FEW
@given(made(least=10, most=14))
def test_mirrored_effects_have_the_same_small_study_effects(data):
    effects, ses = data
    if np.unique(ses).size < 4 or np.ptp(ses) < 0.01 or np.ptp(effects) < 0.01:
        return
    one, two = egger(effects, ses), egger(-effects, ses)
    assert two.slope == pytest.approx(-one.slope, abs=1e-7)
    assert two.p_value == pytest.approx(one.p_value, abs=1e-7)
    assert two.limit == pytest.approx(-one.limit, abs=1e-7)


@FEW
@given(made(), st.integers(0, 1000))
def test_bayesian_pooling_knows_no_order_no_unit_and_no_side(data, seed):
    effects, ses = data
    order = np.random.default_rng(seed).permutation(effects.size)
    one = bayes(effects, ses, tau_scale=0.5)
    two = bayes(-1e-3 * effects[order], 1e-3 * ses[order], tau_scale=0.5e-3)
    assert -1e3 * two.effect.mean == pytest.approx(one.effect.mean, abs=1e-6)
    assert -1e3 * two.effect.upper == pytest.approx(one.effect.lower, abs=1e-6)
    assert 1e3 * two.tau.median == pytest.approx(one.tau.median, abs=1e-6)
    assert 1 - two.below_zero == pytest.approx(one.below_zero, abs=1e-6)
    assert one.weights.sum() == pytest.approx(1)
    assert one.new.sd >= one.effect.sd


@FEW
@given(made())
def test_with_no_spread_to_expect_bayesian_pooling_is_a_fixed_effect(data):
    found = bayes(*data, tau_scale=1e-6)
    fixed = pool(*data, method="fixed", interval="normal")
    assert found.effect.mean == pytest.approx(fixed.estimate, abs=1e-5)
    assert found.effect.lower == pytest.approx(fixed.lower, abs=1e-5)
    assert found.study_means == pytest.approx(fixed.estimate, abs=1e-3)


@FEW
@given(tables(), st.sampled_from(["or", "rr", "rd"]))
def test_exchanging_the_arms_changes_the_sign(counts, measure):
    x1, n1, x2, n2 = counts
    one = of_tables(x1, n1, x2, n2, measure=measure)
    two = of_tables(x2, n2, x1, n1, measure=measure)
    assert np.allclose(one.effects, -two.effects, equal_nan=True)
    assert np.allclose(one.ses, two.ses, equal_nan=True)
    assert (np.isfinite(one.effects) == one.tells).all()
    assert (one.ses[one.tells] > 0).all()


@FEW
@given(tables())
def test_counting_those_without_the_event_changes_the_sign_of_an_odds_ratio(counts):
    x1, n1, x2, n2 = map(np.array, counts)
    one = of_tables(x1, n1, x2, n2)
    two = of_tables(n1 - x1, n1, n2 - x2, n2)
    assert np.allclose(one.effects, -two.effects, equal_nan=True)


@FEW
@given(tables(most=1), st.sampled_from(["or", "rr", "rd"]), st.integers(1, 4))
def test_one_table_pooled_with_itself_keeps_its_effect(counts, measure, times):
    x1, n1, x2, n2 = (part * times for part in counts)
    own = of_tables(x1, n1, x2, n2, measure=measure)
    if own.corrected.any() or not own.tells.all():
        return
    found = mantel_haenszel(x1, n1, x2, n2, measure=measure)
    assert found.estimate == pytest.approx(own.effects[0])
    assert found.q == pytest.approx(0, abs=1e-9)
    assert found.se > 0
    assert found.weights == pytest.approx(1 / times)


@FEW
@given(st.floats(-1, 1), st.floats(0.05, 0.5), st.floats(-1, 1), st.floats(0.05, 0.5))
def test_a_reading_lies_between_what_was_known_and_what_was_found(mean, sd, value, se):
    """Taken at their word, the two are averaged; the more doubt, the more the data."""
    read = borrow(
        [Component(weight=1.0, mean=mean, sd=sd)],
        value,
        se,
        vague_sd=50.0,
        vague_mean=value,
    )
    low, high = sorted((mean, value))
    assert low - 1e-9 <= read.undoubted.value <= high + 1e-9
    assert read.undoubted.sd == pytest.approx((sd**-2 + se**-2) ** -0.5)
    off = [abs(one.value - value) for _, one in read.sensitivity]
    assert all(a >= b - 1e-9 for a, b in pairwise(off))
    assert 0 <= read.weight_informative <= 1
    assert 0 <= read.conflict_p <= 1
    assert read.without.value == pytest.approx(value)
    assert (read.without.upper - read.without.lower) / se == pytest.approx(
        3.92, abs=1e-3
    )
    assert sum(part.weight for part in read.components) == pytest.approx(1)


def test_moments_of_a_mixture_are_those_of_its_draws():
    mixture = MixturePosterior(
        np.array([0.3, 0.7]), np.array([-1.0, 2.0]), np.array([0.5, 1.0])
    )
    rng = np.random.default_rng(5)
    first = rng.uniform(size=200_000) < 0.3
    draws = np.where(first, rng.normal(-1, 0.5, 200_000), rng.normal(2, 1, 200_000))
    assert mixture.mean == pytest.approx(draws.mean(), abs=0.02)
    assert mixture.sd == pytest.approx(draws.std(), abs=0.02)


TEN = np.linspace(0.1, 0.4, 10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pool([0.1], [0.1]), "two studies"),
        (lambda: pool([], []), "two studies"),
        (lambda: pool([0.1, 0.2], [0.1]), "shape"),
        (lambda: pool([0.1, 0.2], [0.1, 0.0]), "above 0"),
        (lambda: pool([0.1, 0.2], [0.1, -0.1]), "above 0"),
        (lambda: pool([0.1, np.nan], [0.1, 0.1]), "finite"),
        (lambda: pool([0.1, 0.2], [0.1, np.inf]), "finite"),
        (lambda: pool([0.1, np.inf], [0.1, 0.1]), "finite"),
        (lambda: pool([0.1, 1e200], [0.1, 0.1]), "squared"),
        (lambda: pool([0.1, 0.2], [0.1, 1e-200]), "squared"),
        (lambda: pool([0.1, 0.2], [0.1, 0.1], method="median"), "no method"),
        (lambda: pool([0.1, 0.2], [0.1, 0.1], interval="t"), "no interval"),
        (lambda: pool([0.1, 0.2], [0.1, 0.1], prediction="k"), "no prediction"),
        (lambda: pool([0.1, 0.2], [0.1, 0.1], level=95), "between 0 and 1"),
        (lambda: pool([0.1, 0.1], [0.1, 0.1], interval="hksj"), "no spread"),
        (lambda: influence([0.1, 0.2], [0.1, 0.1]), "three studies"),
        (lambda: egger(TEN[:9], TEN[:9]), "at least 10 studies, not 9"),
        (lambda: egger(TEN, [0.1] * 10), "of one size"),
        (lambda: egger(TEN, TEN**2, model="begg"), "no model"),
        (lambda: meta_regression([1, 2], [1, 1], [1, 2]), "2 studies for 2"),
        (lambda: meta_regression(TEN, TEN, [1.0] * 10), "constant"),
        (lambda: meta_regression(TEN, TEN, np.c_[TEN, 2 * TEN + 1]), "follows"),
        (lambda: meta_regression(TEN, TEN, [np.nan] * 10), "finite"),
        (lambda: meta_regression(TEN, TEN, [1.0, 2.0]), "shape"),
        (lambda: meta_regression(TEN, TEN, TEN).at([np.inf]), "finite"),
        (lambda: bayes(TEN, TEN, tau_scale=0.0), "above 0"),
        (lambda: bayes(TEN, TEN, tau_scale=np.nan), "above 0"),
        (lambda: bayes(TEN, TEN, tau_scale=1, mean_sd=-1.0), "above 0"),
        (lambda: bayes(TEN, TEN, tau_scale=1, level=1.0), "between 0 and 1"),
        (lambda: bayes(TEN[:1], TEN[:1], tau_scale=1), "two studies"),
        (lambda: of_tables([3], [2], [1], [2]), "between 0 and"),
        (lambda: of_tables([0], [0], [1], [2]), "no persons"),
        (lambda: of_tables([0.5], [2], [1], [2]), "whole"),
        (lambda: of_tables([np.nan], [2], [1], [2]), "finite"),
        (lambda: of_tables([1], [2], [1], [2, 3]), "shapes"),
        (lambda: of_tables([1], [2], [1], [2], measure="hr"), "no measure"),
        (lambda: of_tables([1], [2], [1], [2], correction=0), "above 0"),
        (lambda: mantel_haenszel([0, 0], [9, 9], [0, 0], [9, 9]), "nobody"),
        (lambda: mantel_haenszel([0, 0], [9, 9], [1, 2], [9, 9]), "zero or infinite"),
        (
            lambda: mantel_haenszel([9, 9], [9, 9], [0, 0], [9, 9], measure="rd"),
            "no standard error",
        ),
        (lambda: funnel_contours([0.0], 0.1), "above 0"),
        (lambda: funnel_contours([0.1], np.nan), "finite"),
        (lambda: funnel_contours([0.1], 0.1, levels=(95,)), "between 0 and 1"),
        (lambda: quantile("hksj", 0.0, 3), "between 0 and 1"),
        (
            lambda: borrow([Component(weight=1, mean=0, sd=1)], 0, 0, vague_sd=1),
            "above 0",
        ),
        (lambda: borrow([], 0, 1, vague_sd=1), "sum to 1"),
        (
            lambda: borrow(
                [Component(weight=1, mean=0, sd=1)], 0, 1, vague_sd=1, level=2
            ),
            "between 0 and 1",
        ),
    ],
)
def test_what_cannot_be_pooled_is_refused_with_what_was_expected(call, words):
    """Never a NaN, never a guess."""
    with pytest.raises(ValueError, match=words):
        call()
