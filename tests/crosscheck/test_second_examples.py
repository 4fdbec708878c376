"""A second example, made in R, of families that other files here show by only one.

`frozen/second_examples.R` writes the rows by formula, and its numbers to the JSON beside
it, with the versions of R and of the packages, and the day it was run.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from rounds.methods.case_mix.standardisation import indirect
from rounds.methods.clusters.linear_mixed import linear_mixed
from rounds.methods.clusters.permutation import permutation
from rounds.methods.estimands.multiplicity import adjust, gatekeeping
from rounds.methods.estimands.rubin import pool_imputations
from rounds.methods.false_discovery import adjusted_p_values
from rounds.methods.inequality.concentration import concentration
from rounds.methods.inequality.slope_index import slope_index
from rounds.methods.multilevel.ranks import ranks
from rounds.methods.multilevel.shrinkage import random_intercept
from rounds.methods.priors.posterior import mixture_posterior
from rounds.methods.watching.run_length import cusum_arl, ewma_arl

R = json.loads((Path(__file__).parent / "frozen" / "second_examples.json").read_text())
# Five groups from the poorest.
EVENTS, PERSONS, ORDER = [60, 88, 30, 99, 33], [120, 200, 90, 310, 150], range(1, 6)


@pytest.mark.parametrize("interval", ["byar", "exact"])
def test_observed_over_expected(interval):
    """epiR `epi.smr(method = "byar")`; R `poisson.test(38, 49.7)`, and (4, 5.2)."""
    found = indirect([38, 4], [49.7, 5.2], interval=interval)
    ours = np.column_stack([found.value, found.lower, found.upper])
    assert ours == pytest.approx(np.array(R[interval]), rel=1e-6)


def test_false_discovery_with_ties():
    """R `p.adjust(p, "BH")` and "BY"."""
    p = R["p"]
    assert adjusted_p_values(p) == pytest.approx(R["bh"], rel=1e-12)
    ours = adjusted_p_values(p, any_dependence=True)
    assert ours == pytest.approx(R["by"], rel=1e-12)


def test_families_with_ties():
    """R `p.adjust(p, "holm")` and "hochberg"; a gate's one family is Holm's."""
    p = R["p"]
    assert adjust(p, "holm") == pytest.approx(R["holm"], rel=1e-12)
    assert adjust(p, "hochberg") == pytest.approx(R["hochberg"], rel=1e-12)
    assert gatekeeping([p])[0] == pytest.approx(R["holm"], rel=1e-12)


def test_inequality():
    """R `glm(cbind(x, n - x) ~ ridit, binomial)` at both ends; twice the covariance of
    persons' outcomes and ridits over the mean."""
    found = slope_index(EVENTS, PERSONS, ORDER)
    assert found.sii == pytest.approx(R["sii"], rel=1e-7)
    relative = concentration(EVENTS, PERSONS, ORDER).relative.value
    assert relative == pytest.approx(R["concentration"], rel=1e-10)


def test_run_lengths():
    """R package spc: `xewma.arl(l, c, mu, sided = "two")`, `xcusum.arl(k, h, mu)`."""
    for smoothing, width, shift, wanted in R["ewma"]:
        ours = ewma_arl(smoothing, width, shift=shift)
        assert ours == pytest.approx(wanted, rel=1e-5)
    for k, h, shift, wanted in R["cusum"]:
        assert cusum_arl(k, h, shift=shift) == pytest.approx(wanted, rel=1e-5)


def test_every_allocation():
    """R package coin: `oneway_test(y ~ arm, distribution = "exact")`, 924 allocations."""
    i = np.arange(1, 13)
    y = ((i * 29) % 17) / 3 + 1.3 * (i % 2)
    found = permutation(y, i - 1, i % 2, rng=np.random.default_rng(1))
    assert found.n_allocations == 924
    assert found.p_value == pytest.approx(R["coin"], rel=1e-10)


def test_rubin_s_rules():
    """R package mice: `pool.scalar(q, u, n = 25, k = 3)` on its own nhanes."""
    told = R["mice"]
    found = pool_imputations(told["q"], told["se"], 25 - 3)
    assert found.estimate == pytest.approx(told["estimate"], rel=1e-10)
    assert found.se**2 == pytest.approx(told["total"], rel=1e-10)
    assert found.df == pytest.approx(told["df"], rel=1e-10)
    assert found.fraction_missing == pytest.approx(told["fmi"], rel=1e-10)


def test_a_robust_mixture_prior():
    """R `integrate` over 0.8 N(0.06, 0.02) + 0.2 N(0, 0.5), met by 0.01 (0.015)."""
    found = mixture_posterior([0.8, 0.2], [0.06, 0], [0.02, 0.5], 0.01, 0.015)
    assert [found.mean, found.sd] == pytest.approx(R["mixture"], rel=1e-7)


def test_units_that_differ():
    """lme4 `glmer(cbind(x, n - x) ~ 1 + (1 | u), binomial)`; median odds ratio after."""
    u = np.arange(1, 31)
    n = 20 + (u * 13) % 40
    p = 1 / (1 + np.exp(1 - ((u * 17) % 29 - 14) / 12))
    told = R["glmer"]
    found = random_intercept(np.round(n * p), n, n_points=1)
    assert found.sd == pytest.approx(told["sd"], abs=1e-4)
    assert found.coefficients[0] == pytest.approx(told["intercept"], abs=1e-4)
    assert found.effect == pytest.approx(told["effects"], abs=1e-3)


def test_ranks_in_each_draw():
    """R `rank(-draws, ties.method = "min")`, draw by draw."""
    a, b = np.arange(1, 41)[:, None], np.arange(1, 7)
    found = ranks((a * 7 * b + b**2 * 11) % 31 + b)
    assert found.mean == pytest.approx(R["ranks"]["mean"], rel=1e-12)
    assert found.first == pytest.approx(R["ranks"]["first"], rel=1e-12)


def test_a_cluster_cross_over():
    """lmerTest `lmer(y ~ x + period + (1 | c) + (1 | c:period))`, Kenward and Roger."""
    c, period, i = (
        part.ravel() for part in np.meshgrid(range(1, 11), range(2), range(1, 7))
    )
    x = (c + period) % 2
    y = 0.5 * x + 0.2 * period + ((c * 7) % 11) / 5 + ((c * 5 + period * 3) % 7) / 6
    y = y + ((i * 17 + c * 3 + period * 5) % 13) / 6
    design = np.column_stack([x, np.ones(len(y)), period])
    found = linear_mixed(y, design, c, period)
    ours = [found.estimate, found.se, found.df]
    assert ours == pytest.approx(R["crossover"], rel=1e-4)
