"""Break what a schedule assumes: its check fails, and the estimate stays sealed."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.checks.diagnostics import known_checks
from rounds.nouns import DiagnosticError, NotEstimable
from stories import scheduled_trial as story

FAULTS = {
    "sample ratio": "sample_ratio",
    "deliveries": "deliveries",
    "contamination": "contamination",
    "missing outcomes": "missing_outcomes",
    "adherence": "adherence",
    "periods": "periods",
    "switching": "switching",
}
KINDS = ("stepped_wedge", "cluster_crossover")


def numbers(thing):
    """Every long number in what JSON holds, wherever it stands."""
    if isinstance(thing, dict):
        return {n for part in thing.values() for n in numbers(part)}
    if isinstance(thing, list):
        return {n for part in thing for n in numbers(part)}
    return {thing} if isinstance(thing, float) and len(repr(thing)) > 8 else set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_assumption_is_noticed_and_nothing_is_told(fault, kind):
    """Its own check fails; no outcome by arm and no look is in what is kept."""
    world = story.World(kind=kind, broken=fault)
    sealed = story.judged(world, 2)
    assert FAULTS[fault] in {d.name for d in sealed.failed}
    with pytest.raises(DiagnosticError):
        _ = sealed.estimate.value
    assert sealed.schedule.by_exposure_time == ()
    assert sealed.schedule.permutation_p is None
    assert sealed.schedule.within_clinics is None
    assert sealed.icc is None
    unsealed = story.judged(world, 2, story.protocol(world, required_diagnostics=()))
    results = ("estimate", "balancing", "secondary", "flow", "icc", "schedule")
    open_json = json.loads(unsealed.to_json())
    secret = set().union(*(numbers(open_json[name]) for name in results))
    secret -= {0.95, *numbers(open_json["diagnostics"])}
    assert len(secret) > 5
    text = sealed.to_json() + repr(sealed) + str(sealed.model_dump())
    assert not [number for number in secret if repr(number) in text]


@pytest.mark.parametrize("kind", KINDS)
def test_healthy_trials_are_rarely_sealed(kind):
    """False alarms stay below what the thresholds allow, all checks together."""
    world, n = story.World(kind=kind), 15
    plan = story.protocol(world)
    plan = plan.model_copy(update={"required_diagnostics": known_checks(plan)})
    alarms = sum(
        story.judged(world, seed, plan).estimate.sealed is not None for seed in range(n)
    )
    nominal = 5 * 0.001 + 0.01
    assert alarms / n <= nominal + 4 * np.sqrt(nominal * (1 - nominal) / n)


def test_a_trend_in_what_is_recorded_does_not_look_like_the_card():
    """Outcomes that go missing with time alone do not fail the check of the arms."""
    world = story.World(broken="late outcomes go missing")
    found = story.judged(world, 3)
    verdicts = {d.name: d.verdict for d in found.diagnostics}
    assert verdicts["missing_outcomes"] == "pass"


def test_who_is_enrolled_is_compared_within_periods():
    """A card that draws patients in fails the check; a falling number does not."""
    world = story.World()
    honest = {d.name: d for d in story.judged(world, 4).diagnostics}
    assert honest["enrolment"].verdict == "pass"
    drawn = {
        d.name: d
        for d in story.judged(replace(world, broken="drawn in"), 4).diagnostics
    }
    assert drawn["enrolment"].verdict == "fail"


@pytest.mark.parametrize("broken", ["nobody", "one sequence and missing outcomes"])
def test_where_nothing_can_be_compared_a_reason_is_given(broken):
    """No number and no traceback, whatever is required."""
    world = story.World(kind="cluster_crossover", n_periods=2, broken=broken)
    found = story.judged(world, 1)
    assert found.estimate.sealed
    plan = story.protocol(world, required_diagnostics=())
    found = story.judged(world, 1, plan)
    assert isinstance(found.estimate, NotEstimable)
    assert isinstance(found.schedule.within_clinics, NotEstimable)
    assert found.schedule.note.startswith("no permutation test")
    verdicts = {d.name: d.verdict for d in found.diagnostics}
    assert verdicts["missing_outcomes"] == "not_evaluated"
