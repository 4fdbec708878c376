"""Watching: how often it cries wolf, and how soon it sees the wolf.

Made series with known levels. Tolerance is Monte Carlo error: four standard errors.
"""

import numpy as np
import pytest

from rounds.methods.watching.cusum import cusum, likelihood_scores, shift_scores
from rounds.methods.watching.decay import decay
from rounds.methods.watching.ewma import ewma
from rounds.methods.watching.false_alarms import Watcher, within_correlation
from rounds.methods.watching.run_length import (
    cusum_arl,
    cusum_threshold,
    ewma_arl,
    score_arl,
    score_threshold,
)

N_WORLDS = 60
RISKS = np.array([0.05, 0.1, 0.2, 0.4])
MIX = np.array([0.4, 0.3, 0.2, 0.1])


def first(signal):
    return int(signal.argmax()) + 1 if signal.any() else None


def lengths(draw, run, n_series, n_longest):
    """Give the run length of each made series; every one must end."""
    found = [first(run(draw(n_longest)).signal) for _ in range(n_series)]
    assert None not in found
    return np.array(found, dtype=float)


def agrees(found, wanted):
    error = found.std() / np.sqrt(len(found))
    assert abs(found.mean() - wanted) < 4 * error, (found.mean(), wanted)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_a_normal_cusum_runs_as_long_as_is_said(shift):
    rng = np.random.default_rng(1)
    h = cusum_threshold(0.5, 60)
    found = lengths(
        lambda n: rng.normal(10 + 2 * shift, 2, n),
        lambda x: cusum(shift_scores(x, mean=10, sd=2, shift=1), h),
        400,
        1_000,
    )
    agrees(found, cusum_arl(0.5, h, shift=shift))


def test_an_ewma_with_its_limits_settled_runs_as_long_as_is_said():
    """The run length is of constant limits: the path starts with its variance full."""
    rng = np.random.default_rng(2)
    smoothing, width = 0.2, 2.0
    limit = width * np.sqrt(smoothing / (2 - smoothing))
    found = []
    for _ in range(400):
        path = ewma(rng.normal(0, 1, 600), mean=0, sd=1, smoothing=smoothing)
        found.append(first(np.abs(path.value) > limit))
    agrees(np.array(found, dtype=float), ewma_arl(smoothing, width))


@pytest.mark.parametrize("true_odds", [1.0, 2.0])
def test_a_risk_adjusted_cusum_runs_as_long_as_is_said(true_odds):
    """Persons of four risks; doubled odds are watched for."""
    rng = np.random.default_rng(3)
    one = likelihood_scores(np.ones(4), np.ones(4), RISKS, odds_ratio=2)
    none = likelihood_scores(np.zeros(4), np.ones(4), RISKS, odds_ratio=2)
    scores = np.append(one, none)
    h = score_threshold(scores, np.append(MIX * RISKS, MIX * (1 - RISKS)), 150)
    true = true_odds * RISKS / (1 - RISKS + true_odds * RISKS)
    wanted = score_arl(scores, np.append(MIX * true, MIX * (1 - true)), h)
    if true_odds == 1:
        assert wanted == pytest.approx(150, rel=1e-3)

    def run(kind):
        y = rng.random(kind.size) < true[kind]
        return cusum(
            likelihood_scores(y, np.ones(y.size), RISKS[kind], odds_ratio=2), h
        )

    found = lengths(lambda n: rng.choice(4, n, p=MIX), run, 300, 2_000)
    agrees(found, wanted)


def units(rng, n, months, alike, levels):
    """Months of units; persons of a month correlate by `alike`."""
    made = []
    for level in levels:
        p = np.full(months, level)
        if alike:
            tight = (1 - alike) / alike
            p = rng.beta(p * tight, (1 - p) * tight)
        made.append((rng.binomial(n, p), np.full(months, n)))
    return made


@pytest.mark.parametrize("alike", [0.0, 0.02])
@pytest.mark.parametrize(("k", "n"), [(1, 60), (8, 30)])
def test_several_units_share_one_chance_of_a_false_alarm(k, n, alike):
    """Levels and correlation are estimated from twelve months, as they are in truth."""
    rng = np.random.default_rng(4)
    alarms = []
    for _ in range(N_WORLDS):
        levels = rng.beta(30, 20, k)
        before = units(rng, n, 12, alike, levels)
        after = units(rng, n, 18, alike, levels)
        watcher = Watcher(
            odds_ratio=0.6,
            false_alarm=0.1,
            horizon=18,
            n_draws=1_000,
            correlation=within_correlation(before),
        )
        base = [(int(x.sum()), int(m.sum())) for x, m in before]
        found = watcher.watch(base, after, rng=rng)
        alarms.append(any(one.path.signal.any() for one in found))
    assert np.mean(alarms) < 0.1 + 4 * np.sqrt(0.1 * 0.9 / N_WORLDS)


def test_a_level_taken_as_known_would_cry_wolf():
    """Break the promise on purpose: the baseline's own error is left out."""
    rng = np.random.default_rng(5)
    alarms = []
    for _ in range(300):
        ((x, m),) = units(rng, 60, 6, 0, [0.6])
        (after,) = units(rng, 60, 18, 0, [0.6])
        watcher = Watcher(odds_ratio=0.6, false_alarm=0.1, horizon=18, n_draws=1_000)
        pretended = (int(x.sum()) * 1_000, int(m.sum()) * 1_000)
        (found,) = watcher.watch([pretended], [after], rng=rng)
        alarms.append(found.path.signal.any())
    assert np.mean(alarms) > 0.1 + 4 * np.sqrt(0.1 * 0.9 / 300)


def test_a_drop_is_found_soon_and_in_the_unit_where_it_is():
    """Ten points fewer in one of eight units, from the seventh month on."""
    rng = np.random.default_rng(6)
    found, others, delay, began = [], [], [], []
    for _ in range(30):
        levels = np.full(8, 0.6)
        base = [(int(x.sum()), int(m.sum())) for x, m in units(rng, 80, 12, 0, levels)]
        after = units(rng, 80, 18, 0, levels)
        x, m = after[3]
        after[3] = (np.append(x[:6], rng.binomial(80, 0.45, 12)), m)
        watched = Watcher(odds_ratio=0.6, horizon=18, n_draws=1_000).watch(
            base, after, rng=rng
        )
        signal = watched[3].path.signal[6:]
        found.append(signal.any())
        if signal.any():
            delay.append(first(signal))
            began.append(watched[3].path.began[-1])
        others.append(any(one.path.signal.any() for one in watched[:3] + watched[4:]))
    assert np.mean(found) > 0.95
    assert np.median(delay) <= 4
    assert np.mean(others) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 30)


@pytest.mark.parametrize(
    ("path", "fades"), [("held", False), ("slow", True), ("at once", True)]
)
def test_the_fading_of_a_gain_is_found_and_holding_is_not_called_fading(path, fades):
    """A gain of twelve points, 250 persons a month, three months and eighteen more."""
    rng = np.random.default_rng(7)
    months = np.arange(21)
    lost = {
        "held": np.zeros(21),
        "slow": np.clip((months - 5) / 10, 0, 1),
        "at once": (months >= 9).astype(float),
    }[path]
    p = 0.7 - 0.12 * lost
    verdicts, covers = [], []
    for _ in range(50):
        x = rng.binomial(250, p)
        one = decay(x, np.full(21, 250), gain=0.12, rng=rng, n_draws=2_000)
        verdicts.append(one.verdict)
        covers.append(one.left_lower <= 1 - lost[-3:].mean() <= one.left_upper)
    error = np.sqrt(0.05 * 0.95 / 50)
    assert np.mean(covers) > 0.95 - 4 * error
    if fades:
        assert np.mean([one == "fading" for one in verdicts]) > 0.95
    else:
        assert np.mean([one == "fading" for one in verdicts]) < 0.05 + 4 * error
        assert np.mean([one == "held" for one in verdicts]) > 0.5


def test_little_data_are_not_called_held():
    """Ten persons a month: neither verdict, where nothing is known."""
    rng = np.random.default_rng(8)
    made = [
        decay(
            rng.binomial(10, 0.7, 9), np.full(9, 10), gain=0.12, rng=rng, n_draws=2_000
        ).verdict
        for _ in range(40)
    ]
    assert np.mean([one == "too little to tell" for one in made]) > 0.8
