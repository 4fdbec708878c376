"""The funnel of a Problem: how often it cries wolf, and how often it sees one.

The tolerance is the Monte Carlo error of the worlds.
"""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binom, norm

from rounds.methods.funnels.funnel import funnel

WORLDS = 100
LEVEL = 0.998


def made(seed, sd, *, units=40, planted=0, shift=0.0, middle=0.6, size=(200, 600)):
    """Give events and sizes of each world, and how far each unit is from what is known
    of the others: the planted come first, and lie lower."""
    rng = np.random.default_rng(seed)
    for _ in range(WORLDS):
        n = rng.integers(*size, units)
        logit = rng.normal(middle, sd, units)
        logit[:planted] = middle - shift
        yield rng.binomial(n, expit(logit)), n


def far_by_an_oracle(x, n, sd, middle):
    """Say which lie below the 99.8% limit of somebody who knows the ordinary units'
    distribution: exact tails, by a sum over five hundred of its quantiles."""
    p = expit(middle + sd * norm.ppf((np.arange(500) + 0.5) / 500))
    return binom.cdf(x[:, None], n[:, None], p).mean(axis=1) < 0.001


def rate_within(hits, trials, nominal=1 - LEVEL):
    """Say whether so many false alarms are no more than nominal."""
    return hits <= binom.ppf(0.9999, trials, nominal)


@pytest.mark.parametrize("sd", [0.0, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("units", [6, 12, 40])
def test_ordinary_units_are_named_no_more_often_than_the_level_says(sd, units):
    """By chance alone, or with a little or much spread between units, few or many."""
    false = sum(
        int((found.low | found.high).sum())
        for found in (funnel(*pair) for pair in made(31, sd, units=units))
    )
    assert rate_within(false, WORLDS * units)


@pytest.mark.parametrize("sd", [0.0, 0.3])
@pytest.mark.parametrize("middle", [-4.6, 4.6])
def test_rare_events_in_small_units_name_no_more_either(sd, middle):
    """One event in a hundred, 20 to 400 patients a unit: most have none to four. The
    centre is the proportion over all."""
    low = high = 0
    targets, wanted = [], []
    for x, n in made(32, sd, middle=middle, size=(20, 400)):
        found = funnel(x, n)
        low, high = low + int(found.low.sum()), high + int(found.high.sum())
        targets.append(found.target)
        wanted.append(x.sum() / n.sum())
    assert rate_within(low, WORLDS * 40, 0.001)
    assert rate_within(high, WORLDS * 40, 0.001)
    assert np.mean(targets) == pytest.approx(np.mean(wanted), rel=0.05)


@pytest.mark.parametrize(
    ("sd", "shift"), [(0.0, 0.6), (0.1, 0.8), (0.2, 1.1), (0.3, 1.5)]
)
@pytest.mark.parametrize("planted", [1, 3])
def test_planted_units_are_found_almost_as_often_as_by_one_who_knows(
    sd, shift, planted
):
    """At least nine in ten of those that lie beyond the limits of an oracle who knows
    the true distribution of ordinary units, one planted or three; and beside them
    ordinary ones are named no more often than the level says."""
    beyond = named = false = 0
    for x, n in made(33, sd, planted=planted, shift=shift):
        found = funnel(x, n)
        far = far_by_an_oracle(x[:planted], n[:planted], sd, 0.6)
        beyond += int(far.sum())
        named += int((far & found.low[:planted]).sum())
        false += int((found.low | found.high)[planted:].sum())
    assert beyond > WORLDS * planted / 2
    assert named >= binom.ppf(0.001, beyond, 0.9)
    assert rate_within(false, WORLDS * (40 - planted))


def test_a_unit_does_not_hide_itself_nor_another():
    """Two units far below 38 alike: both are named, and nothing else is."""
    n = np.full(40, 400)
    x = np.full(40, 280)
    x[[4, 9]] = 200, 210
    found = funnel(x, n)
    assert np.flatnonzero(found.low).tolist() == [4, 9]
    assert not found.high.any()
    assert found.df == 37
    assert found.target == pytest.approx(0.7)


def test_units_are_compared_after_what_is_expected_of_them():
    """A unit of harder patients that does as well as can be expected of it is not
    named; one of easier patients that does as the others do is."""
    n = np.full(30, 400)
    expected = np.full(30, 280.0)
    expected[3], expected[8] = 200.0, 350.0
    x = np.full(30, 280)
    x[3] = 200
    crude, adjusted = funnel(x, n), funnel(x, n, expected=expected)
    assert np.flatnonzero(crude.low).tolist() == [3]
    assert np.flatnonzero(adjusted.low).tolist() == [8]
    assert not (crude.high | adjusted.high).any()
