"""Variance shares, what goes with them, and pairs of measures: known truths come back.

The pairs of measures take long: twelve worlds here, as many as `ROUNDS_WORLDS` says.
"""

import os

import numpy as np
import pytest
from scipy.special import expit

from rounds.methods.multilevel.explained_variance import explained_shares
from rounds.methods.multilevel.nested_intercepts import PERSONS
from rounds.methods.multilevel.nested_intervals import variance_shares
from rounds.methods.multilevel.paired_intercepts import paired_intercepts
from rounds.methods.multilevel.ranks import ranks
from rounds.methods.multilevel.standings import differing, expected_events, standings

SITES, CLINICIANS, SIZE = 40, 4, 30
WORLDS = int(os.environ.get("ROUNDS_WORLDS", "12"))


def world(rng, site_sd, clinician_sd):
    """Give counts by clinician: forty sites, four clinicians each."""
    clinician = np.arange(SITES * CLINICIANS)
    site = clinician // CLINICIANS
    u = site_sd * rng.standard_normal(SITES)
    v = clinician_sd * rng.standard_normal(clinician.size)
    n = np.full(clinician.size, SIZE)
    x = rng.binomial(n, expit(0.3 + u[site] + v))
    return x, n, [("site", site), ("clinician", clinician)]


def holds(found, truth):
    """Say which intervals hold their truth: both shares, both sds, the persons'."""
    one, other = found.levels
    return [
        one.lower <= truth[0] <= one.upper,
        other.lower <= truth[1] <= other.upper,
        one.sd_lower <= truth[2] <= one.sd_upper,
        other.sd_lower <= truth[3] <= other.sd_upper,
        found.persons_lower <= truth[4] <= found.persons_upper,
    ]


def test_shares_come_back_and_their_intervals_cover():
    """Profile intervals of maximum likelihood with forty sites: nominally 95%, a little
    less, for the variance is biased down by about one part in forty."""
    rng, sds, times = np.random.default_rng(501), (0.5, 0.4), 50
    total = sds[0] ** 2 + sds[1] ** 2 + PERSONS
    truth = (sds[0] ** 2 / total, sds[1] ** 2 / total, *sds, PERSONS / total)
    values, covered = [], []
    for _ in range(times):
        found = variance_shares(*world(rng, *sds))
        values.append([one.value for one in found.levels])
        covered.append(holds(found, truth))
    error = np.array(values) - truth[:2]
    bias = np.array(truth[:2]) / np.array([SITES, SITES * (CLINICIANS - 1)])
    allowed = 4 * error.std(axis=0) / np.sqrt(times) + bias
    assert (np.abs(error.mean(axis=0)) < allowed).all()
    rate = np.array(covered).mean(axis=0)
    print(f"\nshares: bias {error.mean(axis=0).round(4)}, coverage {rate.round(3)}")
    assert (rate > 0.93 - 4 * np.sqrt(0.93 * 0.07 / times)).all(), rate
    assert np.array(covered).mean() > 0.90


def test_a_level_of_clinicians_is_seldom_seen_where_there_is_none():
    """The interval leaves 0 in 2.5% of worlds, half of 5%: the sd has one side."""
    rng, times = np.random.default_rng(502), 80
    seen = [
        variance_shares(*world(rng, 0.5, 0.0)).levels[1].sd_lower > 1e-3
        for _ in range(times)
    ]
    print(f"\nclinicians seen where there are none: {np.mean(seen):.3f} of {times}")
    assert np.mean(seen) < 0.025 + 4 * np.sqrt(0.025 * 0.975 / times)


def test_a_level_of_clinicians_is_seen_where_there_is_one():
    rng = np.random.default_rng(503)
    seen = [
        variance_shares(*world(rng, 0.3, 0.6)).levels[1].sd_lower > 1e-3
        for _ in range(10)
    ]
    assert all(seen)


def test_the_share_that_goes_with_volume_comes_back():
    """Half of the sites' variance is a line in their volume: a PCV of 0.5. Case-mix
    that is the same everywhere goes with none of it."""
    rng, times = np.random.default_rng(504), 20
    values, covered, none = [], [], []
    for _ in range(times):
        site = np.repeat(np.arange(60), 2)
        female = np.tile([0.0, 1.0], 60)
        volume = rng.standard_normal(60)
        u = 0.4 * volume + 0.4 * rng.standard_normal(60)
        n = np.full(120, 60)
        x = rng.binomial(n, expit(0.2 + u[site] + 0.3 * female))
        columns = np.column_stack([female, volume[site]])
        mix, both = explained_shares(
            x, n, [("site", site)], [None, female, columns], rng=rng, n_draws=40
        )
        values.append(both[0].value)
        covered.append(both[0].lower <= 0.5 <= both[0].upper)
        none.append(mix[0].value)
    error = np.array(values) - 0.5
    print(f"\nPCV of 0.5: bias {error.mean():.3f}, coverage {np.mean(covered):.2f}")
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(times) + 0.02
    assert np.mean(covered) >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / times)
    assert np.abs(none).max() < 0.1


def test_sites_drawn_together_are_covered_though_their_patients_differ():
    """Standardised proportions and ranks: each interval holds its truth in 95% of
    sites, where some sites have twice as many patients at risk."""
    rng = np.random.default_rng(505)
    hits, placed = [], []
    for _ in range(15):
        site = np.repeat(np.arange(30), 2)
        old = np.tile([0.0, 1.0], 30)
        n = rng.integers(10, 150, 60)
        u = 0.4 * rng.standard_normal(30)
        x = rng.binomial(n, expit(0.5 - 1.0 * old + u[site]))
        found = standings(x, n, site, old, rng=rng, n_draws=800)
        share = (n * old).sum() / n.sum()
        true = (1 - share) * expit(0.5 + u) + share * expit(-0.5 + u)
        hits += ((found.lower <= true) & (true <= found.upper)).tolist()
        order = ranks(found.draws)
        rank = np.argsort(np.argsort(-true)) + 1
        placed += ((order.lower <= rank) & (rank <= order.upper)).tolist()
    print(f"\nsites: coverage {np.mean(hits):.3f}, ranks {np.mean(placed):.3f}")
    # Sites of one world share its intercept, so that fewer than 450 are independent.
    assert 0.91 < np.mean(hits) < 0.99
    assert 0.91 < np.mean(placed) < 0.995


def test_who_differs_is_called_falsely_as_seldom_as_is_said():
    """Thirty sites that chance alone sets apart: any call is false; at most one world
    in twenty has one. A site far off is called."""
    rng, times = np.random.default_rng(506), 200
    called = []
    for _ in range(times):
        n = rng.integers(60, 200, 30)
        x = rng.binomial(n, 0.6)
        parts = expected_events(x, n, np.arange(30))
        called.append((differing(*parts).q_value <= 0.05).any())
    print(f"\nworlds with a false call: {np.mean(called):.3f} of {times}")
    assert np.mean(called) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / times)
    n = np.full(30, 150)
    x = rng.binomial(n, 0.6)
    x[0] = 50
    found = differing(*expected_events(x, n, np.arange(30)))
    assert found.q_value[0] < 0.001


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_the_correlation_of_two_measures_comes_back(rho):
    """One common, one rare: fifty sites. Shrunken estimates would correlate less."""
    rng, times = np.random.default_rng(507), WORLDS
    values, covered = [], []
    for _ in range(times):
        z = rng.standard_normal((50, 2))
        u = 0.6 * z[:, 0], 0.7 * (rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1])
        n = np.full(50, 200)
        x, y = (
            rng.binomial(n, expit(c + e)) for c, e in zip((0.2, -3.0), u, strict=True)
        )
        found = paired_intercepts((x, n), (y, n), n_points=3)
        values.append(found.correlation)
        covered.append(found.lower <= rho <= found.upper)
    error = np.array(values) - rho
    print(
        f"\ncorrelation {rho}: bias {error.mean():.3f}, coverage {np.mean(covered):.2f}"
    )
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(times) + 0.02
    assert np.mean(covered) >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / times)
