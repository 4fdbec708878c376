"""Watching: what is refused, and what must always hold."""

import numpy as np
import pytest

from rounds.methods.watching.cusum import cusum, likelihood_scores, shift_scores
from rounds.methods.watching.decay import decay
from rounds.methods.watching.ewma import ewma, ewma_of_counts
from rounds.methods.watching.false_alarms import Watcher, within_correlation
from rounds.methods.watching.run_length import (
    cusum_arl,
    cusum_threshold,
    ewma_arl,
    ewma_width,
    score_arl,
    score_threshold,
)

RNG = np.random.default_rng(0)
SERIES = ([5, 6], [10, 10])


@pytest.mark.parametrize(
    "ask",
    [
        lambda: cusum([np.nan], 1),
        lambda: cusum([1.0], 0),
        lambda: cusum([[1.0]], 1),
        lambda: likelihood_scores([1], [1, 1], 0.5, odds_ratio=2),
        lambda: likelihood_scores([2], [1], 0.5, odds_ratio=2),
        lambda: likelihood_scores([1], [1], 0.0, odds_ratio=2),
        lambda: likelihood_scores([1], [1], [0.5, 0.5], odds_ratio=2),
        lambda: likelihood_scores([1], [1], 0.5, odds_ratio=1),
        lambda: likelihood_scores([1], [1], 0.5, odds_ratio=-1),
        lambda: shift_scores([1.0], mean=0, sd=0, shift=1),
        lambda: shift_scores([1.0], mean=0, sd=1, shift=0),
        lambda: shift_scores([np.inf], mean=0, sd=1, shift=1),
        lambda: ewma([1.0], mean=0, sd=[1, 1]),
        lambda: ewma([1.0], mean=0, sd=0),
        lambda: ewma([1.0], mean=np.nan, sd=1),
        lambda: ewma([1.0], mean=0, sd=1, smoothing=0),
        lambda: ewma([1.0], mean=0, sd=1, width=0),
        lambda: ewma_of_counts([1], [0], proportion=0.5),
        lambda: ewma_of_counts([3], [2], proportion=0.5),
        lambda: ewma_of_counts([1], [2], proportion=1),
        lambda: cusum_arl(0.5, 0),
        lambda: ewma_arl(2, 3),
        lambda: ewma_arl(0.2, -1),
        lambda: score_arl([1.0], [0.5], 1),
        lambda: score_arl([1.0], [0.5, 0.5], 1),
        lambda: score_arl([], [], 1),
        lambda: cusum_threshold(0.5, 1),
        lambda: cusum_threshold(0.5, 1e300),
        lambda: ewma_width(0.2, 1.0001),
        lambda: score_threshold([-1.0], [1.0], 10),
        lambda: Watcher(odds_ratio=1).watch([(5, 10)], [SERIES], rng=RNG),
        lambda: Watcher(odds_ratio=2).watch([], [], rng=RNG),
        lambda: Watcher(odds_ratio=2).watch([(5, 10)], [], rng=RNG),
        lambda: Watcher(odds_ratio=2).watch([(5, 0)], [SERIES], rng=RNG),
        lambda: Watcher(odds_ratio=2).watch([(5, 9)], [([1], [0])], rng=RNG),
        lambda: Watcher(odds_ratio=2, false_alarm=0).watch(
            [(5, 10)], [SERIES], rng=RNG
        ),
        lambda: Watcher(odds_ratio=2, horizon=0).watch([(5, 10)], [SERIES], rng=RNG),
        lambda: Watcher(odds_ratio=2, correlation=1).watch(
            [(5, 10)], [SERIES], rng=RNG
        ),
        lambda: Watcher(odds_ratio=2, n_draws=10).watch([(5, 10)], [SERIES], rng=RNG),
        lambda: within_correlation([([5], [10])]),
        lambda: within_correlation([([0, 0], [10, 10])]),
        lambda: decay([5] * 3, [10] * 3, gain=0.1, rng=RNG),
        lambda: decay([5] * 4, [10] * 4, gain=0, rng=RNG),
        lambda: decay([5] * 4, [10] * 4, gain=np.nan, rng=RNG),
        lambda: decay([5] * 4, [10] * 4, gain=0.1, gain_se=-1, rng=RNG),
        lambda: decay([5] * 4, [10] * 4, gain=0.1, lost=2, rng=RNG),
        lambda: decay([1] * 4, [10] * 4, gain=0.9, rng=RNG),
    ],
)
def test_what_cannot_be_watched_is_refused(ask):
    with pytest.raises(ValueError):
        ask()


def test_a_cusum_that_begins_again_is_as_two():
    scores = [1.0, 1.5, -3.0, 2.5, 0.1]
    path = cusum(scores, 2)
    assert path.signal.tolist() == [False, True, False, True, False]
    assert path.began == (0, 3)
    on = cusum(scores, 2, reset=False)
    assert on.value.tolist() == pytest.approx([1.0, 2.5, 0.0, 2.5, 2.6])


def test_scores_of_a_month_are_the_sum_of_its_persons():
    one = likelihood_scores([1, 1, 0, 0, 0], [1] * 5, 0.3, odds_ratio=0.5)
    month = likelihood_scores([2], [5], 0.3, odds_ratio=0.5)
    assert month[0] == pytest.approx(one.sum())


def test_limits_of_an_ewma_settle_where_montgomery_says():
    path = ewma(np.zeros(200), mean=0, sd=2, smoothing=0.2, width=2.7)
    assert path.upper[-1] == pytest.approx(2.7 * 2 * np.sqrt(0.2 / 1.8))
    assert path.upper[0] == pytest.approx(2.7 * 2 * 0.2)
    assert (np.diff(path.upper) >= 0).all()


def test_an_ewma_that_begins_again_forgets_what_it_signalled():
    values = [0, 0, 9, 0, 0]
    kept = ewma(values, mean=0, sd=1, smoothing=0.5)
    again = ewma(values, mean=0, sd=1, smoothing=0.5, reset=True)
    assert kept.signal.tolist() == [False, False, True, True, False]
    assert again.signal.tolist() == [False, False, True, False, False]
    assert again.value[3] == 0


def test_an_ewma_of_everything_is_the_newest():
    values = [0.3, -1.0, 4.0]
    path = ewma(values, mean=0, sd=1, smoothing=1)
    assert path.value.tolist() == values
    assert path.upper.tolist() == [3.0] * 3


def test_a_score_that_never_rises_never_signals():
    assert score_arl([-1.0, -0.5], [0.5, 0.5], 1) == float("inf")


def test_the_same_draws_give_the_same_thresholds():
    watcher = Watcher(odds_ratio=0.5, n_draws=500)
    ask = [(300, 600)], [([20, 25, 22], [50, 50, 50])]
    one, two = (watcher.watch(*ask, rng=np.random.default_rng(4)) for _ in range(2))
    assert one[0].threshold == two[0].threshold
    assert 0 < one[0].chance <= 1


def test_a_wanted_fall_is_watched_the_other_way_round():
    """Fewer events were the gain; more of them again is its fading."""
    x, n = [20, 21, 19, 30, 33, 35, 34, 36], [100] * 8
    found = decay(x, n, gain=-0.15, rng=np.random.default_rng(1), n_draws=2_000)
    assert found.verdict == "fading"
    assert found.left == pytest.approx(0, abs=0.05)


def test_an_uncertain_gain_widens_what_is_left():
    x, n = [70, 72, 71, 66, 61, 60], [100] * 6
    sure, unsure = (
        decay(x, n, gain=0.12, gain_se=se, rng=np.random.default_rng(1), n_draws=500)
        for se in (0.0, 0.06)
    )
    assert unsure.left == sure.left
    assert unsure.left_lower < sure.left_lower
