"""Made trials in clinics, looked at through the step: how many are misled, or paused?

Two dozen of each by default; `make test-looks` makes 10,000 (daily looks: 1,000).
Tolerance is Monte Carlo error: four standard errors.
"""

import os
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rounds.loop.evaluation.effects import effect
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


def most(wanted, n):
    return wanted + 4 * np.sqrt(wanted * (1 - wanted) / n)


@cache
def made(seed, **changes):
    return trial.made(replace(WORLD, **changes), seed)


def worlds(n, **changes):
    """Give made trials; the first ones are kept, since every plan looks at them."""
    for seed in range(n):
        yield (made if seed < 50 else made.__wrapped__)(seed, **changes)


def shown(rows, written, when):
    """Say whether any look, or the final evaluation, shows a benefit; and one look."""
    seen = story.looked_at(rows, written, when, ends=("stop_benefit",))
    one = _plain(rows, written).lower > 0
    if seen[-1].verdict == "stop_benefit":
        return True, one
    return story.final(rows, written, seen).lower > 0, one


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_planned_looks_at_clinics_mislead_no_more_often_than_one(name):
    """Benefit where there is none: as often as the same trials' one look at the end.

    That one errs a little more often than 2.5 in 100 on this side: events are few and
    clinics two dozen, so that errors of the estimate are not quite even.
    """
    plan, shares = PLANS[name]
    written = story.protocol(plan)
    when = story.days(shares)
    misled, one = np.mean([shown(r, written, when) for r in worlds(TRIALS)], axis=0)
    print("looks", name, "misled", misled, "one look", one, "of", TRIALS)
    assert misled <= most(max(ERROR, one), TRIALS)
    if LARGE:
        assert misled > ERROR / 2


@pytest.mark.slow
def test_always_valid_looks_at_any_time_keep_the_error():
    """Every day (in the small run every month), and stopping at the first benefit."""
    written = story.protocol(story.always(planned_se=PLANNED_SE))
    n = TRIALS // 10 if LARGE else TRIALS
    when = story.days(np.arange(20, 183) / 182 if LARGE else np.arange(2, 8) / 8)
    ends = ("stop_benefit",)
    misled = peeking = 0
    for rows in worlds(n):
        seen = story.looked_at(rows, written, when, ends=ends)
        misled += seen[-1].verdict == "stop_benefit"
        peeking += any((one.primary.statistic or 0) >= 1.96 for one in seen)
    print(
        "always valid, looks", len(when), "misled", misled / n, "peeking", peeking / n
    )
    assert misled / n <= most(ERROR, n)
    if LARGE:
        assert peeking / n > 2 * ERROR


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
    made = story.looked_at(rows, written, when, ends=("pause_harm",))
    return len(made) if made[-1].verdict == "pause_harm" else 0


@pytest.mark.slow
@pytest.mark.parametrize("name", GUARDS)
def test_harm_pauses_and_no_harm_seldom_does(name):
    """Twelve points of harm: within as many looks; none: 2.5 in 100 at most."""
    written = story.protocol(
        story.always(planned_se=PLANNED_SE), guardrails=(GUARDS[name],)
    )
    when = story.days((0.3, 0.45, 0.6, 0.75, 0.9))
    false = np.array([paused_at(r, written, when) for r in worlds(TRIALS)]) > 0
    n = max(TRIALS // 4, 16)
    at = np.array([paused_at(r, written, when) for r in worlds(n, harm=0.12)])
    soon = ((at > 0) & (at <= WITHIN[name])).mean()
    print("guardrail", name, "false", false.mean(), "within", WITHIN[name], soon)
    assert false.mean() <= most(ERROR, TRIALS)
    assert soon >= 0.9 - 4 * np.sqrt(0.09 / n)


@pytest.mark.slow
def test_after_looks_the_estimate_is_in_the_middle_and_its_interval_covers():
    """Stopping at a bound makes the plain estimate too high, and this one not."""
    written, truth = story.protocol(PLANS["like Pocock"][0]), 0.09
    when = story.days(SHARES)
    below = covered = plain_below = 0
    for rows in worlds(TRIALS, effect=truth):
        made = story.looked_at(rows, written, when, ends=("stop_benefit",))
        stopped = made[-1].verdict == "stop_benefit"
        of = made[-1] if stopped else None
        found = story.final(rows, written, made[:-1] if stopped else made, of=of)
        below += found.value < truth
        covered += found.lower < truth < found.upper
        plain = _plain(rows, written).value
        if stopped:
            plain = made[-1].primary.estimate
        plain_below += plain < truth
    n = TRIALS
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
