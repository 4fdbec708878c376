"""Bounds for t statistics of few degrees of freedom, held to their exact joint law.

Where all clusters are there from the first look on, an estimate and the contrasts that
its standard error is made of are normal walks of the same steps, independent of one
another: that law is made here, 100,000 times for each case.
"""

import numpy as np
import pytest

from rounds.methods.sequential import (
    LanDeMetsOBrienFleming,
    LanDeMetsPocock,
    Path,
    after_stopping,
    spending_bounds,
)

MADE = 100_000
SPEND = {"of": LanDeMetsOBrienFleming(), "pocock": LanDeMetsPocock()}
LOOKS = {
    "three": (0.4, 0.7, 1.0),
    "late": (0.8, 0.9, 0.95, 1.0),
    "five": (0.2, 0.4, 0.6, 0.8, 1.0),
}


def scores(fractions, df, seed, effect=0.0):
    """Give normal scores of t statistics, shape (made, looks); effect at fraction 1."""
    rng = np.random.default_rng(seed)
    steps = np.sqrt(np.diff(fractions, prepend=0.0))
    root = np.sqrt(fractions)

    def walk():
        return np.cumsum(rng.standard_normal((MADE, len(root))) * steps, axis=1) / root

    estimate = walk() + effect * root
    squares = sum(walk() ** 2 for _ in range(df))
    many = np.full(estimate.shape, float(df))
    return Path(estimate=estimate, se=np.sqrt(squares / df), df=many).normal_statistic


def misled(z, upper):
    """Either side of an even law: twice as many trials."""
    return ((z >= upper).any(axis=1).mean() + (-z >= upper).any(axis=1).mean()) / 2


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("df", [2, 6, 20])
def test_bounds_that_know_their_degrees_of_freedom_keep_the_error(looks, df):
    """Within Monte Carlo error; and a tenth less at most, which few degrees cost."""
    fractions = np.array(LOOKS[looks])
    z = scores(fractions, df, seed=df)
    noise = np.sqrt(0.025 / (2 * MADE))
    for name, spending in SPEND.items():
        few = np.full(len(fractions), float(df))
        bounds = spending_bounds(fractions, spending, alpha=0.025, df=few)
        plain = spending_bounds(fractions, spending, alpha=0.025)
        found, before = misled(z, bounds.upper), misled(z, plain.upper)
        print(looks, df, name, "misled", found, "by a normal walk's", before)
        assert found <= 0.025 + 4 * noise
        assert found >= 0.025 * 0.9 - 4 * noise
        if df <= 3 and looks != "three":
            assert before > 0.0285  # the bounds that do not know it


@pytest.mark.parametrize(("df", "effect"), [(6, 3.4), (20, 2.95)])
def test_to_know_the_degrees_of_freedom_costs_power_within_limits(df, effect):
    """Beside bounds of a normal walk, which err too often, and one look at the end."""
    fractions = np.array(LOOKS["three"])
    z = scores(fractions, df, seed=8, effect=effect)
    few = np.full(3, float(df))
    for name, spending in SPEND.items():
        ours = spending_bounds(fractions, spending, alpha=0.025, df=few)
        plain = spending_bounds(fractions, spending, alpha=0.025)
        found, before = (
            float((z >= bounds.upper).any(axis=1).mean()) for bounds in (ours, plain)
        )
        once = float((z[:, -1] >= 1.96).mean())
        print(df, name, "power", found, "by a normal walk's", before, "one look", once)
        assert before - 0.05 < found < before


def test_information_that_is_estimated_must_not_say_how_much_is_spent():
    """Spent by its own information, a plan errs too often; by a clock it does not."""
    fractions, df, made = np.array([0.4, 0.7, 1.0]), 6, 8_000
    rng = np.random.default_rng(5)
    steps, root = np.sqrt(np.diff(fractions, prepend=0.0)), np.sqrt(fractions)
    walks = np.cumsum(rng.standard_normal((made, df + 1, 3)) * steps, axis=2) / root
    se = np.sqrt((walks[:, 1:] ** 2).mean(axis=1)) / root
    estimate = walks[:, 0] / root
    many = np.full(estimate.shape, float(df))
    z = Path(estimate=estimate, se=se, df=many).normal_statistic
    misled = {"information": 0, "clock": 0}
    for trial in np.flatnonzero(z.max(axis=1) >= 1.9):
        for how in misled:
            misled[how] += _shown(z[trial], 1 / se[trial] ** 2, how, fractions, df)
    print({how: count / made for how, count in misled.items()})
    noise = np.sqrt(0.025 / made)
    assert misled["clock"] / made <= 0.025 + 4 * noise
    assert misled["information"] / made > 0.025 + 4 * noise


def _shown(z, information, how, clock, df):
    """Look at one trial as the loop does: information that has not grown is left."""
    seen, times, spending = [], [], LanDeMetsOBrienFleming()
    for k, (statistic, now) in enumerate(zip(z, information, strict=True)):
        last = k == len(z) - 1
        if seen and now < seen[-1] * 1.01 and not last:
            continue
        least = seen[-1] * 1.01 if seen else 0.0
        seen, times = [*seen, max(now, least)], [*times, clock[k]]
        by_clock = {"times": times, "df": [df] * len(seen)} if how == "clock" else {}
        bounds = spending_bounds(seen, spending, alpha=0.025, last=last, **by_clock)
        if statistic >= bounds.upper[-1]:
            return True
    return False


def test_a_clock_spends_what_its_times_say_whatever_the_information():
    fractions, times = [0.3, 0.55, 0.9], [0.5, 0.75, 1.0]
    for spending in SPEND.values():
        bounds = spending_bounds(fractions, spending, alpha=0.025, times=times)
        assert bounds.spent == pytest.approx(spending(times, 0.025), abs=1e-7)


def test_a_walk_in_proportion_to_the_information_changes_nothing():
    fractions = np.array([0.4, 0.7, 1.0])
    plain = spending_bounds(fractions, SPEND["pocock"], alpha=0.025)
    same = spending_bounds(fractions, SPEND["pocock"], alpha=0.025, walk=50 * fractions)
    assert same.upper == pytest.approx(plain.upper, abs=1e-8)
    for look in (1, 2, 3):
        one, other = (after_stopping(b, look, 2.4, se=0.5) for b in (plain, same))
        for name in ("p_value", "estimate", "lower", "upper"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6)


def test_intervals_of_an_estimate_that_is_no_efficient_one_hold_the_truth():
    """Epochs of like size and unlike precision, averaged by size: a walk of its own."""
    rng, effect, held, made = np.random.default_rng(3), 0.9, 0, 120
    sd, size = np.array([1.0, 3.0, 1.5]), np.arange(1, 4)
    estimate = np.cumsum(effect + rng.normal(size=(made, 3)) * sd, axis=1) / size
    walk = np.cumsum(sd**2)
    se = np.sqrt(walk) / size
    bounds = spending_bounds(
        1 / se**2, SPEND["pocock"], alpha=0.025, walk=walk, times=size / 3
    )
    assert (np.diff(bounds.fractions) < 0).any()  # information fell
    above = estimate / se >= bounds.upper
    look = np.where(above.any(axis=1), above.argmax(axis=1), 2)
    for trial, k in enumerate(look):
        z = estimate[trial, k] / se[k]
        found = after_stopping(bounds, int(k) + 1, float(z), se=float(se[k]))
        held += found.lower < effect < found.upper
    print("held", held / made)
    assert abs(held / made - 0.95) < 4 * np.sqrt(0.0475 / made)


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": [0.5]},
        {"times": [0.7, 0.5]},
        {"times": [-0.1, 0.5]},
        {"times": [0.5, np.nan]},
        {"df": [4.0]},
        {"df": [4.0, 0.0]},
        {"walk": [1.0]},
        {"walk": [2.0, 1.0]},
    ],
)
def test_a_clock_a_walk_or_degrees_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ValueError, match=r"times|degrees|walk|information"):
        spending_bounds([0.5, 1.0], SPEND["of"], alpha=0.025, **wrong)
