"""Made trials in clinics, looked at through the step: how many are misled, or paused?

Two dozen of each by default; `make test-looks` makes 10,000. Daily looks are in
`test_evaluation_daily_looks`.
Tolerance is Monte Carlo error: four standard errors.

No bound of an error of 2.5 in 100 lies below 1.96. So a trial in which one look's own
statistic is lower on all of its days crosses none, and is not sent through the step.
"""

import os
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rounds.loop.evaluation.estimates.effects import effect
from stories import looks as story
from stories import trial

TRIALS = int(os.environ.get("ROUNDS_TRIALS", "24"))
LARGE = TRIALS >= 1_000
ERROR = 0.025
WORLD = trial.World(clinics=24, per_clinic=30, effect=0.0, spread=0.06)
PLANNED_SE, RARE_SE = 0.03, 0.011
SHARES = (0.4, 0.6, 0.8)

group = story.plan(planned_se=PLANNED_SE, fractions=(*SHARES, 1.0))
PLANS = {
    "as planned": (group, SHARES),
    "unequal and late": (group, (0.35, 0.75, 0.9)),
    "like Pocock": (
        group.model_copy(update={"spending": "lan-demets-pocock"}),
        SHARES,
    ),
    "Bayesian": (
        story.plan(
            looks="bayesian",
            planned_se=PLANNED_SE,
            fractions=(*SHARES, 1.0),
            prior_sd=1.5,
        ),
        (0.45, 0.6, 0.9),
    ),
}


EIGHT = {
    "eight clinics, as planned": (
        story.plan(planned_se=0.045, fractions=(*SHARES, 1.0)),
        SHARES,
    ),
    "eight clinics, like Pocock, late": (
        story.plan(
            planned_se=0.045,
            fractions=(*SHARES, 1.0),
            spending="lan-demets-pocock",
        ),
        (0.35, 0.75, 0.9),
    ),
}
ALL = {name: (*one, WORLD) for name, one in PLANS.items()}
ALL |= {
    name: (*one, replace(WORLD, clinics=8, per_clinic=60))
    for name, one in EIGHT.items()
}
DAYS = sorted({day for _, shares, _ in ALL.values() for day in story.days(shares)})
NEAR = 1.9
"""Below all bounds: see the head."""


def most(wanted, n):
    return wanted + 4 * np.sqrt(wanted * (1 - wanted) / n)


@cache
def kept(seed, world):
    return trial.made(world, seed)


def made(seed, **changes):
    """Give a made trial; the first ones are kept, since every plan looks at them."""
    world = changes.pop("world", WORLD)
    return (kept if seed < 50 else kept.__wrapped__)(seed, replace(world, **changes))


@cache
def one_looks(seed, world):
    """Give what one look would have seen on each of all plans' days, and at the end."""
    written = story.protocol(PLANS["as planned"][0])
    rows = made(seed, world=world)
    seen = story.statistics(rows, written, written.primary, DAYS)
    return dict(zip((*DAYS, None), seen.tolist(), strict=True))


def shown(rows, written, when):
    """Say whether any look, or the final evaluation, shows a benefit."""
    seen = story.looked_at(rows, written, when, ends=("stop_benefit",))
    assert min(one.primary.upper or np.inf for one in seen) > NEAR
    if seen[-1].verdict == "stop_benefit":
        return True
    return story.final(rows, written, seen).lower > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_planned_looks_at_clinics_mislead_no_more_often_than_is_promised(name):
    """Benefit where there is none: with two dozen clinics and with eight."""
    plan, shares, world = ALL[name]
    written = story.protocol(plan)
    when = story.days(shares)
    misled = once = 0
    for seed in range(TRIALS):
        alone = one_looks(seed, world)
        once += alone[None] >= 1.96
        if max(alone[day] for day in (*when, None)) >= NEAR:
            misled += shown(made(seed, world=world), written, when)
    print("looks:", name, "misled", misled / TRIALS, "one look", once / TRIALS, TRIALS)
    assert misled / TRIALS <= most(ERROR, TRIALS)
    if LARGE:
        assert misled / TRIALS > ERROR / 2


GUARDS = {
    "always valid": story.guardrail(planned_se=RARE_SE, margin=0.0),
    "spending": story.guardrail(
        planned_se=RARE_SE, margin=0.0, looks="group_sequential"
    ),
}


WITHIN = {"always valid": 5, "spending": 3}
"""Looks, of the five, by which nine in ten harmful trials are paused."""


def paused_at(rows, written, when):
    """Give the look that pauses a trial, from 1; none is 0."""
    seen = story.looked_at(rows, written, when, ends=("pause_harm",))
    return len(seen) if seen[-1].verdict == "pause_harm" else 0


def falsely_paused(seed, written, when):
    """Say whether a look pauses a trial without harm; harm is above 0 in a reading."""
    rows = made(seed)
    low = next(e for e in written.endpoints if e.role == "balancing")
    alone = story.statistics(rows, written, low, when)[:-1]
    # Its better side is below, so that `statistics` has harm below 0.
    return (-alone).max() >= NEAR and paused_at(rows, written, when) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", GUARDS)
def test_harm_pauses_and_no_harm_seldom_does(name):
    """Twelve points of harm: within as many looks; none: 2.5 in 100 at most."""
    written = story.protocol(
        story.always(planned_se=PLANNED_SE), guardrails=(GUARDS[name],)
    )
    when = story.days((0.3, 0.45, 0.6, 0.75, 0.9))
    false = np.mean([falsely_paused(seed, written, when) for seed in range(TRIALS)])
    n = min(max(TRIALS // 4, 16), 500)
    at = np.array([paused_at(made(s, harm=0.12), written, when) for s in range(n)])
    soon = ((at > 0) & (at <= WITHIN[name])).mean()
    print("looks: guardrail", name, "false", false, "within", WITHIN[name], soon, n)
    assert false <= most(ERROR, TRIALS)
    assert soon >= 0.9 - 4 * np.sqrt(0.09 / n)


@pytest.mark.slow
def test_after_looks_the_estimate_is_in_the_middle_and_its_interval_covers():
    """Stopping at a bound makes the plain estimate too high, and this one not."""
    written, truth = story.protocol(PLANS["like Pocock"][0]), 0.09
    when = story.days(SHARES)
    below = covered = plain_below = 0
    n = min(TRIALS, 2_000)
    for seed in range(n):
        rows = made(seed, effect=truth)
        seen = story.looked_at(rows, written, when, ends=("stop_benefit",))
        stopped = seen[-1].verdict == "stop_benefit"
        of = seen[-1] if stopped else None
        found = story.final(rows, written, seen[:-1] if stopped else seen, of=of)
        below += found.value < truth
        covered += found.lower < truth < found.upper
        plain = _plain(rows, written).value
        if stopped:
            plain = seen[-1].primary.estimate
        plain_below += plain < truth
    print("after looks: below", below / n, "plain", plain_below / n, "in", covered / n)
    slack = 4 * np.sqrt(0.25 / n)
    assert abs(below / n - 0.5) < slack + 0.02
    assert covered / n > 0.95 - 4 * np.sqrt(0.0475 / n) - 0.005
    if LARGE:
        assert below > plain_below


def _plain(rows, written):
    endpoint = written.primary
    people = story.joined(rows, written, endpoint)
    return effect(people, written, endpoint).estimate
