"""Gaps between groups of patients who come in sites: made data, known truth."""

import numpy as np
from scipy.special import expit

from rounds.datamart.rows import MeasureRows
from rounds.loop.problem.differences import baseline_of, difference
from rounds.methods.proportion import newcombe

N_SIMULATIONS = 300
N_SITES, SIZE = 30, 60


def rows(rng, gap):
    """Sites differ, and so does the vulnerability of the people who live near them."""
    site = np.repeat(np.arange(N_SITES), SIZE)
    near = rng.normal(0, 1, N_SITES)[site]
    svi = np.digitize(rng.normal(near, 1), [-0.95, 0.0, 0.95]) + 1
    p = np.clip(expit(0.6 + 0.3 * rng.standard_normal(N_SITES)[site]), 0.2, 0.85)
    p = p + gap * (svi - 2.5) / 3
    y = rng.random(site.size) < p
    n = site.size
    made = MeasureRows(
        person_id=np.arange(n),
        person_source_value=np.arange(n).astype(str),
        care_site=site.astype(str),
        provider=np.full(n, ""),
        index_date=np.full(n, np.datetime64("2024-12-31")),
        age=np.full(n, 60, np.int16),
        sex=np.full(n, "F"),
        svi_quartile=svi.astype(np.int8),
        denominator=np.ones(n, bool),
        numerator=y,
        observed=np.ones(n, bool),
        excluded=np.zeros(n, bool),
        excepted=np.zeros(n, bool),
        value=y.astype(float),
    )
    return made, svi


def test_the_gap_by_neighbourhood_covers_and_is_unbiased():
    """Interval and point over many worlds in which 10 points were planted.

    Sites' own levels do not depend on who lives near, so the planted gap is the truth.
    """
    rng = np.random.default_rng(31)
    hits, naive, errors = [], [], []
    for _ in range(N_SIMULATIONS):
        made, svi = rows(rng, -0.10)
        gap = difference("svi_quartile", made).gap
        hits.append(gap.lower <= -0.10 <= gap.upper)
        errors.append(gap.value + 0.10)
        ends = [made.numerator[svi == q] for q in (1, 4)]
        _, low, high = newcombe([e.sum() for e in ends], [e.size for e in ends])
        naive.append(low <= -0.10 <= high)
    error = np.sqrt(0.95 * 0.05 / N_SIMULATIONS)
    off, wide = np.mean(errors), np.std(errors) / np.sqrt(N_SIMULATIONS)
    print(f"gap of -10 points: off {off:+.4f} ± {wide:.4f}, held {np.mean(hits):.1%}")
    assert abs(np.mean(hits) - 0.95) < 4 * error
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(N_SIMULATIONS)
    # An interval that forgets the sites covers less: the clusters were worth it.
    assert np.mean(naive) < np.mean(hits)


def test_the_baseline_covers():
    """The cluster-robust interval of the whole holds the mean over sites' law."""
    rng = np.random.default_rng(32)
    truth = np.clip(expit(0.6 + 0.3 * rng.standard_normal(400_000)), 0.2, 0.85).mean()
    hits = []
    for _ in range(N_SIMULATIONS):
        made, _ = rows(rng, 0.0)
        found = baseline_of(made)
        hits.append(found.lower <= truth <= found.upper)
    error = np.sqrt(0.95 * 0.05 / N_SIMULATIONS)
    assert abs(np.mean(hits) - 0.95) < 4 * error
