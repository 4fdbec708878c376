"""Fits at many looks are those of one look at a time."""

import numpy as np
import pytest

from rounds.methods.clusters.cluster_looks import cluster_ols_at_looks
from rounds.methods.clusters.least_squares import cluster_ols

DAYS = 60


def made(seed, *, by_cluster):
    """Few at first, so that early looks have one arm, one cluster, or all alike."""
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, 10, 200)
    arm = clusters % 2 if by_cluster else rng.integers(0, 2, 200)
    design = np.column_stack([arm, np.ones(200), clusters < 5]).astype(float)
    return rng.binomial(1, 0.2, 200), design, clusters, rng.integers(0, DAYS + 20, 200)


@pytest.mark.parametrize("by_cluster", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_look_is_as_if_it_were_the_only_one(seed, by_cluster):
    y, X, clusters, at = made(seed, by_cluster=by_cluster)
    found = cluster_ols_at_looks(y, X, clusters, at, DAYS)
    told = 0
    for look in range(DAYS):
        seen = at <= look
        ours = found.estimate[look], found.se[look], found.df[look]
        try:
            one = cluster_ols(y[seen], X[seen], clusters[seen])
        except ValueError:
            assert np.isnan(ours).all()
            continue
        told += 1
        assert ours == pytest.approx((one.estimate, one.se, one.df), rel=1e-7)
    assert DAYS / 2 < told < DAYS


def test_several_outcomes_are_each_as_if_alone():
    y, X, clusters, at = made(6, by_cluster=True)
    other = y * 3.0 + clusters
    both = cluster_ols_at_looks([y, other], X, clusters, at, DAYS)
    for place, outcome in enumerate((y, other)):
        alone = cluster_ols_at_looks(outcome, X, clusters, at, DAYS)
        assert both.se[place] == pytest.approx(alone.se, nan_ok=True)
        assert both.estimate[place] == pytest.approx(alone.estimate, nan_ok=True)


def test_who_is_seen_by_no_look_counts_nowhere():
    y, X, clusters, at = made(4, by_cluster=False)
    early = at < DAYS
    everybody = cluster_ols_at_looks(y, X, clusters, at, DAYS)
    without = cluster_ols_at_looks(y[early], X[early], clusters[early], at[early], DAYS)
    assert everybody.se == pytest.approx(without.se, nan_ok=True)


@pytest.mark.parametrize("seen_from", [[0, 1], [-1] * 200])
def test_looks_that_no_person_can_have_are_refused(seen_from):
    y, X, clusters, _ = made(5, by_cluster=True)
    with pytest.raises(ValueError, match="seen_from has shape"):
        cluster_ols_at_looks(y, X, clusters, seen_from, DAYS)
