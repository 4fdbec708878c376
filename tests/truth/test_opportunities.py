"""What is to be gained, ranked: made sites whose true gaps are known."""

import numpy as np
import pytest
from scipy.special import expit
from statsmodels.stats.proportion import proportion_confint

from rounds.methods.multilevel.ranks import ranks
from rounds.methods.opportunity import Others, gap_draws
from rounds.methods.priorities import (
    net_health_benefit,
    positive_draws,
    real_draws,
    share_draws,
)

N_SITES, SEEDS, DRAWS = 30, 100, 250
# Patients a site, log odds of doing well, and how far sites differ: many patients and
# little variation, few and much, and what is rare.
MEASURES = {
    "common": (300, 0.5, 0.6),
    "fewer": (100, 0.0, 0.6),
    "alike": (100, 1.0, 0.2),
}
HEALTH = {"common": 0.02, "fewer": 0.3, "alike": 0.02}
WORTH = 50_000


def _made(seed):
    """Give each measure's counts, and its true gap in patients."""
    luck = np.random.default_rng(seed)
    made = {}
    for name, (size, centre, spread) in MEASURES.items():
        p = expit(centre + spread * luck.standard_normal(N_SITES))
        n = luck.poisson(size, N_SITES) + 5
        made[name] = luck.binomial(n, p), n, _gap(p, n)
    return made


def test_planted_gaps_are_ranked_in_their_true_order_and_covered():
    """In at least 95 of 100 seeds, by patients and by what is at stake for them."""
    right = {"patients": 0, "benefit": 0}
    covered = []
    for seed in range(SEEDS):
        made = _made(seed)
        truth = np.array([gap for *_, gap in made.values()])
        luck = np.random.default_rng(1000 + seed)
        gaps = np.array(
            [
                gap_draws(x, n, rng=luck, n_draws=DRAWS).gaps.sum(axis=1)
                for x, n, _ in made.values()
            ]
        )
        low, high = np.quantile(gaps, [0.025, 0.975], axis=1)
        covered.append((low <= truth) & (truth <= high))
        right["patients"] += list(ranks(gaps.T).rank) == _order(truth)
        health = [
            positive_draws((h, h / 1.3, h * 1.3), rng=luck, n=DRAWS)
            for h in HEALTH.values()
        ]
        share = share_draws((0.3, 0.25, 0.35), rng=luck, n=DRAWS)
        cost = real_draws((100, 50, 150), rng=luck, n=DRAWS)
        benefit = net_health_benefit(gaps, share, np.array(health), cost, worth=WORTH)
        true = truth * 0.3 * (np.array(list(HEALTH.values())) - 100 / WORTH)
        right["benefit"] += list(ranks(benefit.T).rank) == _order(true)
    assert right["patients"] >= 95
    assert right["benefit"] >= 95
    # 300 intervals: Monte Carlo error of 0.95 is 0.0126.
    assert 0.95 - 3 * 0.0126 < np.mean(covered) <= 1


def _order(truth):
    return list(np.argsort(np.argsort(-truth)) + 1)


def test_a_rank_that_chance_could_change_has_a_wide_interval():
    """Two alike lines: each is first in half of the draws, and may be 1 or 2."""
    luck = np.random.default_rng(1)
    found = ranks(luck.normal([5.0, 5.0, -9.0], 1, (4000, 3)))
    assert list(found.lower) == [1, 1, 3]
    assert list(found.upper) == [2, 2, 3]
    assert abs(found.first[0] - 0.5) < 3 * np.sqrt(0.25 / 4000)
    assert found.first[2] == 0


def test_draws_have_the_limits_they_were_given():
    luck = np.random.default_rng(2)
    for draw, limits in (
        (positive_draws, (0.05, 0.02, 0.125)),
        (share_draws, (0.2, 0.0588235, 0.5)),
        (real_draws, (-10.0, -30.0, 10.0)),
    ):
        found = draw(limits, rng=luck, n=200_000)
        np.testing.assert_allclose(
            np.quantile(found, [0.5, 0.025, 0.975]), limits, rtol=0.03
        )


def test_a_gap_is_covered_though_the_small_sites_are_known_by_their_sum_alone():
    """Fifteen of forty sites are hidden: taken as one they would hide what parts them."""
    luck, worlds, hidden = np.random.default_rng(7), 100, 15
    covered, above = [], []
    for _ in range(worlds):
        n = np.r_[luck.integers(80, 200, 40 - hidden), luck.integers(20, 60, hidden)]
        p = expit(0.5 + 0.35 * luck.standard_normal(n.size))
        x = luck.binomial(n, p)
        truth = _gap(p, n)
        rest = Others(
            successes=int(x[-hidden:].sum()), total=int(n[-hidden:].sum()), units=hidden
        )
        drawn = gap_draws(
            x[:-hidden], n[:-hidden], rng=luck, n_draws=500, others=rest
        ).gaps.sum(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        covered.append(low <= truth <= high)
        above.append(truth > high)
    print(f"\nhidden: covered {np.mean(covered):.2f}, truth above {np.mean(above):.2f}")
    # 100 intervals: Monte Carlo error of 0.95 is 0.022.
    assert np.mean(covered) > 0.95 - 3 * 0.022
    assert np.mean(above) < 0.025 + 3 * 0.016


def _gap(p, n):
    best = np.argsort(-p)[: int(np.ceil(p.size / 4))]
    benchmark = (p[best] * n[best]).sum() / n[best].sum()
    return (np.maximum(benchmark - p, 0) * n).sum()


def test_hidden_sites_together_have_the_proportion_that_their_sum_gives():
    """All hidden ones lie below the benchmark, so that gaps give their mean back."""
    told_x, told_n = [990, 985, 992, 988], [1000] * 4
    rest = Others(successes=60, total=200, units=4)
    luck = np.random.default_rng(8)
    found = gap_draws(told_x, told_n, rng=luck, n_draws=4000, others=rest)
    assert found.gaps.shape == (4000, 8)
    mean = found.benchmark - found.gaps[:, 4:].sum(axis=1) / rest.total
    held = proportion_confint(60, 200, method="jeffreys")
    # 4,000 draws: a quantile at 2.5% is off by about 0.0025 in probability.
    assert np.quantile(mean, [0.025, 0.975]) == pytest.approx(held, abs=0.008)
    assert mean.mean() == pytest.approx(0.3, abs=0.003)


@pytest.mark.parametrize("wrong", [(5, 4, 1), (-1, 4, 1), (0, 0, 1), (1, 4, 0)])
def test_others_that_cannot_be_are_refused(wrong):
    successes, total, units = wrong
    with pytest.raises(ValueError, match="no more successes than persons"):
        Others(successes=successes, total=total, units=units)
