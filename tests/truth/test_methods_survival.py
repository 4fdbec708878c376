"""Times until an event whose truth is made: bias, coverage, errors of the first kind.

Rates are over seeded worlds, 60 or as many as `ROUNDS_WORLDS` says; every bound is
Monte Carlo error. `-s` prints what docs/reference/accuracy.md tells.
"""

import os

import numpy as np
import pytest

from rounds.methods.survival.cox import cox
from rounds.methods.survival.kaplan_meier import compare_rmst, kaplan_meier, rmst

WORLDS = int(os.environ.get("ROUNDS_WORLDS", "60"))
HORIZON = 1.5


def slack(rate):
    return 4 * np.sqrt(rate * (1 - rate) / WORLDS)


def told(name, share):
    print(f"{name:<34}{share:7.2%} ± {np.sqrt(share * (1 - share) / WORLDS):.2%}")


def trial(rng, *, ratio=0.6, n_clusters=0, frailty=0.4, n=300):
    """Give times cut short at random or at 2, events, arms and clusters."""
    if n_clusters:
        clusters = np.repeat(np.arange(n_clusters), n // n_clusters)
        arm = rng.permutation(np.arange(n_clusters) % 2)[clusters]
        level = np.exp(frailty * rng.normal(size=n_clusters))[clusters]
    else:
        clusters, arm, level = None, rng.permutation(np.arange(n) % 2), np.ones(n)
    until = rng.exponential(1 / (level * np.where(arm, ratio, 1.0)))
    lost = np.minimum(rng.exponential(4, len(until)), 2.0)
    return np.minimum(until, lost), until <= lost, arm, clusters


def test_persons_one_by_one():
    """The log hazard ratio, and both contrasts of mean times, are as they were made."""
    rng = np.random.default_rng(11)
    area = {h: (1 - np.exp(-h * HORIZON)) / h for h in (1.0, 0.6)}
    truths = {
        "hazard ratio": np.log(0.6),
        "difference of mean times": area[0.6] - area[1.0],
        "ratio of mean times": np.log(area[0.6] / area[1.0]),
    }
    found = {name: [] for name in truths}
    for _ in range(WORLDS):
        time, event, arm, _ = trial(rng)
        fit = cox(time, event, arm[:, None])
        found["hazard ratio"].append((fit.estimate, fit.lower, fit.upper))
        for ratio, name in enumerate(list(truths)[1:]):
            one = compare_rmst(time, event, arm, HORIZON, ratio=bool(ratio))
            values = np.array([one.estimate, one.lower, one.upper])
            found[name].append(np.log(values) if ratio else values)
    for name, truth in truths.items():
        value, lower, upper = np.array(found[name]).T
        assert abs(value.mean() - truth) < 4 * value.std() / np.sqrt(WORLDS), name
        covers = np.mean((lower <= truth) & (truth <= upper))
        told(f"{name} covered", covers)
        assert abs(covers - 0.95) < slack(0.95) + 0.01, name


@pytest.mark.parametrize("n_clusters", [10, 30])
def test_clusters_err_no_more_than_promised(n_clusters):
    """Clusters differ, the arms do not; without the sandwich it errs far too often."""
    rng = np.random.default_rng(5)
    wrong = {"cox": 0, "mean times": 0, "cox, clusters unread": 0}
    for _ in range(WORLDS):
        time, event, arm, clusters = trial(rng, ratio=1.0, n_clusters=n_clusters)
        wrong["cox"] += cox(time, event, arm[:, None], clusters).p_value < 0.05
        wrong["cox, clusters unread"] += cox(time, event, arm[:, None]).p_value < 0.05
        compared = compare_rmst(time, event, arm, HORIZON, clusters)
        wrong["mean times"] += compared.p_value < 0.05
    rates = {name: n / WORLDS for name, n in wrong.items()}
    for name, rate in rates.items():
        told(f"{name}, {n_clusters} clusters err", rate)
    assert rates["cox"] < 0.06 + slack(0.06)
    assert rates["mean times"] < 0.06 + slack(0.06)
    assert rates["cox, clusters unread"] > 0.15


@pytest.mark.parametrize("clustered", [False, True])
def test_hazards_that_cross_are_seen_and_proportional_ones_are_not(clustered):
    rng = np.random.default_rng(3)
    seen = {True: 0, False: 0}
    for _ in range(WORLDS):
        time, event, arm, clusters = trial(
            rng, ratio=1.0, n_clusters=30 if clustered else 0, frailty=0.2
        )
        # The same times raised to a power: a hazard that falls in one arm alone.
        bent = np.where(arm == 1, time**2, time)
        for crossing, times in ((False, time), (True, bent)):
            fit = cox(times, event, arm[:, None], clusters)
            seen[crossing] += fit.proportionality[0].p_value < 0.05
    told(f"crossing seen{', clusters' * clustered}", seen[True] / WORLDS)
    assert seen[True] / WORLDS > 0.8
    assert seen[False] / WORLDS < 0.06 + slack(0.06)


def test_what_cannot_be_told_is_refused():
    time = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    arm = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    ones = np.ones(8)
    refused = [
        ((time, ones * 0, arm[:, None]), "0 events"),
        ((time, arm, arm[:, None]), "no bound|tells who"),
        ((-time, ones, arm[:, None]), "negative"),
        ((time, ones * 2, arm[:, None]), "0 or 1"),
        ((time * np.nan, ones, arm[:, None]), "finite"),
        ((time, ones, np.full((8, 1), np.inf)), "finite"),
        ((time, ones, np.ones((8, 1))), "repeats"),
        ((time, ones, arm[:, None], arm), "clusters cannot"),
        ((time[:0], ones[:0], arm[:0, None]), "n > 0"),
    ]
    for arguments, words in refused:
        with pytest.raises(ValueError, match=words):
            cox(*arguments)
    for horizon in (0, 9, np.nan):
        with pytest.raises(ValueError, match="horizon"):
            rmst(time, ones, horizon)
    with pytest.raises(ValueError, match="no event"):
        compare_rmst(time, arm, arm)
    assert kaplan_meier(time, arm).median == 6
    assert kaplan_meier(time, ones * 0).median is None
