"""Response-adaptive allocation against R's adaptr, a published table, and algebra."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import beta

from rounds.methods.allocations.adaptive_allocation import (
    allocation_probabilities,
    epoch_columns,
    in_both_arms,
    tempering,
)
from rounds.methods.allocations.adaptive_trials import AdaptiveTrial, made_trials


def test_chances_are_those_of_adaptr():
    """Numbers of `reallocate_probs` in adaptr's own tests: without limits, and with."""
    best = [0.1, 0.3, 0.6]
    plain = allocation_probabilities(best, power=1)
    assert plain == pytest.approx([0.1, 0.3, 0.6], abs=1e-12)
    held = allocation_probabilities(best, power=1, least=[0.15, 0.2, 0.0])
    assert held == pytest.approx([0.15, 0.2833333, 0.5666667], abs=1e-6)


def test_powers_are_those_of_thall_and_wathen():
    """n/(2N): nought at the start would be 1:1, one half at the end the square root."""
    assert tempering("information", [0.2, 1.0, 1.3]).tolist() == [0.1, 0.5, 0.5]
    assert tempering("square_root", 0.01) == 0.5
    by_hand = np.sqrt(0.8) / (np.sqrt(0.8) + np.sqrt(0.2))
    assert allocation_probabilities([0.8, 0.2])[0] == pytest.approx(by_hand, abs=1e-12)
    assert allocation_probabilities([0.8, 0.2], power=0).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("hits", "sizes"), [((40, 55), (200, 210)), ((9, 31), (60, 140))]
)
def test_the_normal_posterior_is_close_to_that_of_two_betas(hits, sizes):
    """By quadrature, flat priors: chances differ by a few hundredths, of few patients."""
    (x0, x1), (n0, n1) = hits, sizes
    at = np.linspace(0, 1, 20_001)
    density = beta.pdf(at, 1 + x1, 1 + n1 - x1)
    exact = np.trapezoid(density * beta.cdf(at, 1 + x0, 1 + n0 - x0), at)
    p0, p1 = x0 / n0, x1 / n1
    se = np.sqrt(p0 * (1 - p0) / (n0 - 1) + p1 * (1 - p1) / (n1 - 1))
    normal = ndtr((p1 - p0) / se)
    chances = [allocation_probabilities([p, 1 - p])[0] for p in (exact, normal)]
    assert abs(chances[0] - chances[1]) < 0.03


# Jiang, Zhao, Durkalski-Mauldin (2019), table 4: 302 patients at most, 50 before the
# first look and 28 between looks, stopped where either arm is better with 0.99; a rate
# of 0.3 that rises by as much as is said. Their rule weighs by variances too, and what
# else they did is not in the table; by how many times drift multiplies the error is
# compared, not the error itself. 1,000 trials each.
PUBLISHED = {0.0: 0.07, 0.1: 0.091, 0.2: 0.122}
ADJUSTED = {0.1: 0.06, 0.2: 0.067}
TABLE = {
    "patients": 302,
    "looks": tuple((50 + 28 * k) / 302 for k in range(10)),
    "least": 0.0,
    "fixed_share": 0.0,
}


def errs(read, drift, seed, **bounds):
    made = made_trials(
        AdaptiveTrial(**(TABLE | bounds), read=read),
        control=0.3,
        drift=drift,
        n_trials=2_000,
        rng=np.random.default_rng(seed),
    )
    far = (made.posterior >= 0.99) | (made.posterior <= 0.01)
    return far.any(axis=1).mean()


def times(errors, drift, n):
    """Give by how many times the drift multiplies the error, as a log, and its SE."""
    pair = np.array([errors[drift], errors[0.0]])
    return np.log(pair[0] / pair[1]), np.sqrt(((1 - pair) / (n * pair)).sum())


def test_drift_multiplies_the_error_as_in_a_published_simulation():
    """Of looks that read all patients as one; those that go by epochs it leaves be."""
    found = {drift: errs("pooled", drift, 1) for drift in PUBLISHED}
    kept = {"least": 0.1, "fixed_share": 0.2}
    ours = {drift: errs("by_epoch", drift, 2, **kept) for drift in PUBLISHED}
    print("pooled", found, "by epoch", ours)
    for drift in (0.1, 0.2):
        here, error = times(found, drift, 2_000)
        there, its_error = times(PUBLISHED, drift, 1_000)
        assert abs(here - there) < 2 * np.hypot(error, its_error)
        still, error = times(ours, drift, 2_000)
        assert abs(still) < 4 * error
        adjusted = np.log(ADJUSTED[drift] / PUBLISHED[0.0])
        assert abs(still - adjusted) < 4 * np.hypot(error, its_error)
    assert times(found, 0.2, 2_000)[0] > np.log(1.3)


def test_centred_columns_give_the_average_of_the_epochs():
    """Least squares against the average by hand, whatever the shares of the arms."""
    rng = np.random.default_rng(3)
    epoch = rng.integers(0, 4, 400)
    active = rng.random(400) < np.array([0.5, 0.7, 0.85, 0.3])[epoch]
    y = rng.normal(size=400) + epoch + active * (1 + epoch)
    indicators = [(epoch == one).astype(float) for one in range(1, 4)]
    X = np.column_stack(
        [active, np.ones(400), *indicators, *epoch_columns(active, epoch)]
    )
    by_hand = sum(
        (epoch == one).mean()
        * (y[(epoch == one) & active].mean() - y[(epoch == one) & ~active].mean())
        for one in range(4)
    )
    assert np.linalg.lstsq(X, y)[0][0] == pytest.approx(by_hand, abs=1e-10)
    assert in_both_arms(active, epoch).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: allocation_probabilities([0.5, 0.6]), "sums to 1"),
        (lambda: allocation_probabilities([1.5, -0.5]), "probabilities"),
        (lambda: allocation_probabilities([0.5, 0.5], power=2), "power is 2"),
        (lambda: allocation_probabilities([0.5, 0.5], least=0.6), "at most 1"),
        (lambda: tempering("information", 0.0), "above 0"),
        (lambda: tempering("cubic", 0.5), "square_root"),
        (lambda: epoch_columns([1, 0], [0]), "shape"),
        (lambda: AdaptiveTrial(patients=5, looks=(0.5,)), "patients.*looks"),
        (lambda: AdaptiveTrial(patients=50, looks=(1.0,), lag=1.0), "lag"),
    ],
)
def test_what_cannot_be_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()
