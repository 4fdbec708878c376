"""Watching without peeking: in 10,000 made trials, how many monitors are misled?

Each trial is looked at many times, and is misled if any look shows an effect that is
not there. Tolerance is Monte Carlo error: four standard errors.
"""

import numpy as np
import pytest

from rounds.methods.sequential import (
    HwangShihDeCani,
    KimDeMets,
    LanDeMetsOBrienFleming,
    LanDeMetsPocock,
    after_stopping,
    as_planned,
    calibrated_threshold,
    characteristics,
    effect_for_power,
    exit_probabilities,
    expected_information,
    posterior_bounds,
    posterior_probability,
    repeated_intervals,
    shaped_bounds,
    spending_bounds,
    with_futility,
)

TRIALS = 10_000
SCHEDULES = {
    "five equal looks": [0.2, 0.4, 0.6, 0.8, 1.0],
    "unequal looks": [0.1, 0.15, 0.5, 0.9, 1.0],
    "twenty looks": np.arange(1, 21) / 20,
}


def monte_carlo(chance, trials=TRIALS):
    return 4 * np.sqrt(chance * (1 - chance) / trials)


def agrees(found, wanted, trials=TRIALS):
    assert abs(found - wanted) <= monte_carlo(wanted, trials), (found, wanted)


def statistics(rng, fractions, effect=0.0, trials=TRIALS):
    """Give the standardised statistic of each trial at each look."""
    t = np.asarray(fractions, dtype=float)
    steps = np.diff(t, prepend=0.0)
    moves = rng.standard_normal((trials, t.size)) * np.sqrt(steps) + effect * steps
    return np.cumsum(moves, axis=1) / np.sqrt(t)


def stopped(z, upper, lower=None):
    """Say of each trial at which look it left, and whether above; -1 if never."""
    above = z >= upper
    out = above if lower is None else above | (z <= lower)
    look = np.where(out.any(axis=1), out.argmax(axis=1), -1)
    return look, above[np.arange(len(z)), look] & (look >= 0)


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(
    "spending",
    [
        LanDeMetsOBrienFleming(),
        LanDeMetsPocock(),
        HwangShihDeCani(-2),
        KimDeMets(1.5),
    ],
    ids=lambda one: type(one).__name__,
)
def test_bounds_mislead_as_often_as_they_say(spending, name, sides):
    plan = spending_bounds(SCHEDULES[name], spending, alpha=0.05, sides=sides)
    z = statistics(np.random.default_rng(21), plan.fractions)
    look, _ = stopped(z, plan.upper, plan.lower if sides == 2 else None)
    print(name, sides, spending, (look >= 0).mean())
    agrees((look >= 0).mean(), 0.05)
    agrees((look == 1).mean(), plan.spent[1] - plan.spent[0])


@pytest.mark.parametrize("shape", [0.0, 0.25, 0.5])
def test_shapes_mislead_as_often_as_they_say(shape):
    plan = shaped_bounds(SCHEDULES["unequal looks"], alpha=0.025, shape=shape)
    z = statistics(np.random.default_rng(2), plan.fractions)
    agrees((stopped(z, plan.upper)[0] >= 0).mean(), 0.025)


@pytest.mark.parametrize("shape", [0.0, 0.5])
def test_looks_that_happen_elsewhere_keep_the_error_of_the_plan(shape):
    """Each fifty trials are looked at when somebody had the time."""
    rng = np.random.default_rng(3)
    plan = shaped_bounds([0.25, 0.5, 0.75, 1], alpha=0.05, shape=shape)
    spending, misled = as_planned(plan), 0
    for _ in range(100):
        looks = np.append(np.sort(rng.choice(98, 4, replace=False) + 1) / 100, 1.0)
        held = spending_bounds(looks, spending, alpha=0.05)
        z = statistics(rng, looks, trials=TRIALS // 100)
        misled += (stopped(z, held.upper)[0] >= 0).sum()
    print("looks elsewhere", shape, misled / TRIALS)
    agrees(misled / TRIALS, 0.05)


def test_bounds_of_two_looks_are_of_no_use_for_twenty():
    """The same monitor, looked at more often than was said: it must be seen here."""
    plan = shaped_bounds([0.5, 1], alpha=0.05, shape=0.5)
    z = statistics(np.random.default_rng(4), SCHEDULES["twenty looks"])
    misled = (stopped(z, plan.upper[-1])[0] >= 0).mean()
    print("bounds of two looks, twenty looks", misled)
    assert misled > 0.05 + 2 * monte_carlo(0.05)


@pytest.mark.parametrize(
    ("looks", "last"), [([0.3, 0.7, 1.25], False), ([0.3, 0.8], True)]
)
def test_more_or_less_information_than_was_planned_keeps_the_error(looks, last):
    plan = spending_bounds(looks, LanDeMetsOBrienFleming(), alpha=0.05, last=last)
    z = statistics(np.random.default_rng(5), looks)
    agrees((stopped(z, plan.upper)[0] >= 0).mean(), 0.05)


def test_power_and_information_are_as_computed():
    plan = spending_bounds(
        SCHEDULES["unequal looks"], LanDeMetsOBrienFleming(), alpha=0.025
    )
    effect = effect_for_power(plan, 0.8)
    z = statistics(np.random.default_rng(6), plan.fractions, effect)
    look, above = stopped(z, plan.upper)
    agrees(above.mean(), 0.8)
    for k, chance in enumerate(plan.exits(effect).above):
        agrees((look == k).mean(), chance)
    used = plan.fractions[look]
    error = used.std() / np.sqrt(TRIALS)
    assert abs(used.mean() - expected_information(plan, effect)) < 4 * error


def test_as_much_information_as_is_said_gives_the_power_back():
    """A trial with one look has the power with 1 / inflation of the information."""
    plan = shaped_bounds([0.25, 0.5, 0.75, 1], alpha=0.025, shape=0.5)
    cost = characteristics(plan, power=0.9)
    rng = np.random.default_rng(7)
    single = rng.normal(cost.effect / np.sqrt(cost.inflation), 1, TRIALS)
    agrees((single >= 1.959964).mean(), 0.9)
    z = statistics(rng, plan.fractions, cost.effect)
    agrees((stopped(z, plan.upper)[0] >= 0).mean(), 0.9)


@pytest.mark.parametrize("binding", [False, True])
def test_futility_keeps_the_power_and_the_error(binding):
    plan = spending_bounds(
        SCHEDULES["five equal looks"], LanDeMetsOBrienFleming(), alpha=0.05
    )
    found, effect = with_futility(plan, LanDeMetsPocock(), power=0.8, binding=binding)
    rng = np.random.default_rng(8)
    null = statistics(rng, plan.fractions)
    _, obeyed = stopped(null, found.upper, found.lower)
    _, ignored = stopped(null, found.upper)
    _, shown = stopped(
        statistics(rng, plan.fractions, effect), found.upper, found.lower
    )
    agrees(shown.mean(), 0.8)
    exits = exit_probabilities(plan.fractions, upper=found.upper)
    agrees(ignored.mean(), exits.above.sum())
    if binding:
        agrees(obeyed.mean(), 0.05)
        assert exits.above.sum() > 0.052
    else:
        assert exits.above.sum() == pytest.approx(0.05, abs=1e-8)
        assert obeyed.mean() < ignored.mean()


def test_what_is_said_after_stopping_holds_the_truth():
    """Stage-wise intervals cover 95 times in 100; half of the estimates are too high.

    The plain estimate is too high more often, since trials stop when it is.
    """
    few, effect = 400, 2.5
    plan = shaped_bounds([0.25, 0.5, 1], alpha=0.05, sides=2, shape=0.5)
    z = statistics(np.random.default_rng(9), plan.fractions, effect)
    look, _ = stopped(z, plan.upper, plan.lower)
    look = np.where(look < 0, 2, look)
    last, se = z[np.arange(TRIALS), look], 1 / np.sqrt(plan.fractions[look])
    assert (last * se > effect).mean() > 0.5 + monte_carlo(0.5)
    covered = high = 0
    for at, statistic, error in zip(
        look[:few].tolist(), last[:few].tolist(), se[:few].tolist(), strict=True
    ):
        found = after_stopping(plan, at + 1, statistic, se=error)
        covered += found.lower <= effect <= found.upper
        high += found.estimate > effect
    print("after stopping", covered / few, high / few, (last * se > effect).mean())
    agrees(covered / few, 0.95, few)
    agrees(high / few, 0.5, few)


def test_repeated_intervals_all_hold_the_truth_at_once():
    effect = 2.0
    plan = shaped_bounds(SCHEDULES["five equal looks"], alpha=0.05, sides=2, shape=0.0)
    se = 1 / np.sqrt(plan.fractions)
    z = statistics(np.random.default_rng(10), plan.fractions, effect)
    missed = 0
    for trial in z:
        lower, upper = repeated_intervals(plan, trial * se, se)
        missed += not ((lower <= effect) & (effect <= upper)).all()
    agrees(missed / TRIALS, 0.05)


PRIORS = {"flat": {}, "sceptical": {"prior_sd": 0.8}, "hopeful": {"prior_mean": 1.0}}
PRIORS["hopeful"] |= {"prior_sd": 2.0}


@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("prior", PRIORS)
def test_a_calibrated_posterior_misleads_as_often_as_is_wanted(prior, sides):
    looks, given = SCHEDULES["unequal looks"], PRIORS[prior]
    found = calibrated_threshold(
        looks, alpha=0.05, rng=np.random.default_rng(11), sides=sides, **given
    )
    z = statistics(np.random.default_rng(12), looks)
    probability = posterior_probability(z, looks, **given)
    if sides == 2:
        probability = np.maximum(probability, 1 - probability)
    misled = (probability >= found.threshold).any(axis=1).mean()
    print("posterior", prior, sides, found.threshold, misled)
    assert abs(misled - 0.05) < 4 * np.hypot(np.sqrt(0.05 * 0.95 / TRIALS), found.error)
    # What the simulation estimated, by integration.
    upper = posterior_bounds(looks, found.threshold, **given)
    lower = -posterior_bounds(looks, found.threshold, **mirrored(given))
    exits = exit_probabilities(looks, upper=upper, lower=lower if sides == 2 else None)
    assert abs(exits.total.sum() - 0.05) < 4 * found.error


def mirrored(prior):
    return prior | {"prior_mean": -prior.get("prior_mean", 0.0)}


def test_a_posterior_looked_at_daily_misleads_unless_it_is_calibrated():
    looks = np.arange(1, 201) / 200
    found = calibrated_threshold(
        looks,
        alpha=0.025,
        rng=np.random.default_rng(13),
        n_trials=20_000,
    )
    z = statistics(np.random.default_rng(14), looks)
    probability = posterior_probability(z, looks)
    misled = (probability >= found.threshold).any(axis=1).mean()
    both = np.hypot(np.sqrt(0.025 * 0.975 / TRIALS), found.error)
    assert abs(misled - 0.025) < 4 * both
    assert (probability >= 0.975).any(axis=1).mean() > 0.1
