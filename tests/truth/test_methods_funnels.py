"""1,000 made worlds for each funnel: how often it cries wolf, how often it sees one.

The tolerance is the Monte Carlo error of the worlds.
"""

import numpy as np
import pytest
from scipy.special import expit

from rounds.methods.funnels.unit_comparison import compare_units

WORLDS, UNITS = 1000, 40


def rate_within(hits, nominal, most=4.0):
    """Say whether a rate is at most nominal, as far as this many trials can tell."""
    return np.mean(hits) <= nominal + most * np.sqrt(nominal / np.size(hits))


def worlds(family, seed, spread=0.0, planted=None):
    """Give events and sizes of each world; the planted unit is the first."""
    rng = np.random.default_rng(seed)
    effect = spread * rng.standard_normal((WORLDS, UNITS))
    if planted is not None:
        effect[:, 0] = planted
    if family == "proportion":
        size = rng.integers(30, 500, (WORLDS, UNITS))
        return rng.binomial(size, expit(-1.5 + effect)), size
    size = rng.uniform(3.0, 100.0, (WORLDS, UNITS))
    return rng.poisson(size * np.exp(effect)), size


def sides(family, data, how, level=0.998):
    if how == "none":
        # One target, no over-dispersion: all worlds are compared in one pass.
        events, size = data
        one = compare_units(
            family, events.ravel(), size.ravel(), overdispersion=how, levels=(level,)
        )
        return one.side(level).reshape(events.shape)
    found = []
    for events, size in zip(*data, strict=True):
        one = compare_units(family, events, size, overdispersion=how, levels=(level,))
        found.append(one.side(level))
    return np.array(found)


@pytest.mark.parametrize("family", ["proportion", "rate", "ratio"])
@pytest.mark.parametrize("level", [0.95, 0.998])
def test_exact_limits_rarely_call_a_unit_where_chance_alone_acts(family, level):
    """False alarms are at most nominal on either side, small units included."""
    found = sides(family, worlds(family, 101), "none", level)
    print(
        f"{family:10} exact {level:.1%} limits, chance alone: {(found != 0).mean():.2%}"
    )
    for side in (-1, 1):
        assert rate_within(found == side, (1 - level) / 2)
    assert np.mean(found != 0) > (1 - level) / 5


@pytest.mark.parametrize("family", ["proportion", "ratio"])
@pytest.mark.parametrize("how", ["additive", "multiplicative"])
def test_widened_limits_do_not_cry_wolf_where_chance_alone_acts(family, how):
    """Asking for over-dispersion that is not there costs no false alarm."""
    found = sides(family, worlds(family, 102), how)
    print(f"{family:10} {how} limits, chance alone: {(found != 0).mean():.2%}")
    assert rate_within(found != 0, 0.002, most=5.0)


@pytest.mark.parametrize("family", ["proportion", "ratio"])
def test_overdispersion_makes_exact_limits_cry_wolf_and_widened_ones_do_not(family):
    """Units that all differ by an ordinary spread: exact limits call more than a
    twentieth of them, additive ones 1% to 2%: the price of winsorising at 10%."""
    data = worlds(family, 103, spread=0.3)
    exact = np.mean(sides(family, data, "none") != 0)
    additive = np.mean(sides(family, data, "additive") != 0)
    print(f"{family:10} spread of 0.3: exact {exact:.1%}, additive {additive:.2%}")
    assert exact > 0.05
    assert additive < 0.02


@pytest.mark.parametrize("family", ["proportion", "ratio"])
@pytest.mark.parametrize("how", ["none", "additive"])
def test_a_planted_outlier_is_found_and_the_others_are_left_alone(family, how):
    """A unit with odds (or a rate) more than twice the others', in a world without
    over-dispersion: found in most worlds, beside false alarms no more than nominal."""
    events, size = worlds(family, 104, planted=0.9)
    size = size.copy()
    size[:, 0] = 400 if family == "proportion" else 80
    rng = np.random.default_rng(105)
    if family == "proportion":
        events[:, 0] = rng.binomial(400, expit(-1.5 + 0.9), WORLDS)
    else:
        events[:, 0] = rng.poisson(80 * np.exp(0.9), WORLDS)
    found = sides(family, (events, size), how)
    seen, false = (found[:, 0] == 1).mean(), (found[:, 1:] != 0).mean()
    print(f"{family:10} {how} limits: planted {seen:.1%}, others {false:.2%}")
    assert np.mean(found[:, 0] == 1) > 0.99
    assert np.mean(found[:, 0] == -1) == 0
    # The target is pooled over the outlier too, so a little more than nominal.
    assert rate_within(found[:, 1:] != 0, 0.003, most=5.0)


def test_outliers_are_found_among_units_that_differ():
    """Four between-unit standard deviations away, among over-dispersed units."""
    events, size = worlds("proportion", 106, spread=0.2, planted=0.9)
    found = sides("proportion", (events, size), "additive", 0.95)
    large = size[:, 0] > 200
    seen = (found[large, 0] == 1).mean()
    print(f"proportion additive 95% limits, spread of 0.2: planted {seen:.1%}")
    assert np.mean(found[large, 0] == 1) > 0.95


def test_small_units_are_called_no_more_often_than_large_ones():
    """Among exact limits the small are not blamed for being small, nor hidden."""
    events, size = worlds("ratio", 107)
    found = sides("ratio", (events, size), "none", 0.95) != 0
    small = size < 10
    assert rate_within(found[small], 0.05)
    assert rate_within(found[~small], 0.05)
    # A unit of 3 to 10 expected events at three times its expectation is seen.
    rng = np.random.default_rng(108)
    events[:, 0] = rng.poisson(3 * 8.0, WORLDS)
    size = size.copy()
    size[:, 0] = 8.0
    assert np.mean(sides("ratio", (events, size), "none")[:, 0] == 1) > 0.8


def test_the_dispersion_of_chance_is_near_one_and_what_was_planted_comes_back():
    """phi is a little below 1 under chance, since winsorising pulls tails in; tau is
    near the spread of √ratio, half the spread of log ratio, in large units."""
    rng = np.random.default_rng(109)
    size = rng.uniform(200, 1000, (WORLDS, UNITS))
    phi, tau = [], []
    for e in size:
        phi.append(compare_units("ratio", rng.poisson(e), e).dispersion.phi)
        spread = rng.poisson(e * np.exp(0.2 * rng.standard_normal(UNITS)))
        tau.append(np.sqrt(compare_units("ratio", spread, e).dispersion.tau2))
    # E[clipped z²] for a standard normal value clipped at ±1.2816 is 0.718.
    error = np.std(phi) / np.sqrt(WORLDS)
    assert abs(np.mean(phi) - 0.718) < 4 * error + 0.03
    # Clipping pulls tau down by the same factor: √0.718 × 0.1.
    assert abs(np.mean(tau) - 0.0847) < 0.006
