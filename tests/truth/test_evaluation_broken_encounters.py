"""Break what randomising visits assumes: its check fails, the estimate stays sealed."""

import json

import numpy as np
import pytest

from rounds.loop.evaluation.checks.diagnostics import known_checks
from rounds.loop.evaluation.checks.visit_checks import VISIT_CHECKS
from rounds.nouns import DiagnosticError, NotEstimable
from stories import encounter_trial as story

FAULTS = {
    "sample_ratio": story.World(broken="sample ratio"),
    "deliveries": story.World(broken="deliveries"),
    "contamination": story.World(broken="contamination"),
    "missing_outcomes": story.World(broken="missing outcomes"),
    "carry_over": story.World(carried=0.3),
    "spill_over": story.World(taught=0.7, effect=0.0, per_clinic=80),
}


def numbers(thing):
    """Every long number in what JSON holds, wherever it stands."""
    if isinstance(thing, dict):
        return {n for part in thing.values() for n in numbers(part)}
    if isinstance(thing, list):
        return {n for part in thing for n in numbers(part)}
    return {thing} if isinstance(thing, float) and len(repr(thing)) > 8 else set()


@pytest.mark.parametrize("check", FAULTS)
def test_a_broken_assumption_is_noticed_and_nothing_is_told(check):
    """Its own check fails; no outcome by arm is in what is kept."""
    world = FAULTS[check]
    sealed = story.judged(world, 2)
    assert check in {d.name for d in sealed.failed}
    with pytest.raises(DiagnosticError):
        _ = sealed.estimate.value
    assert sealed.icc is None
    assert all(arm.persons[1] is None for arm in sealed.flow.arms)
    unsealed = story.judged(world, 2, story.protocol(required_diagnostics=()))
    results = ("estimate", "balancing", "secondary", "flow", "icc")
    open_json = json.loads(unsealed.to_json())
    secret = set().union(*(numbers(open_json[name]) for name in results))
    secret -= {0.95, *numbers(open_json["diagnostics"])}
    assert len(secret) > 5
    text = sealed.to_json() + repr(sealed) + str(sealed.model_dump())
    assert not [number for number in secret if repr(number) in text]


def test_healthy_trials_are_rarely_sealed():
    """False alarms stay below what the thresholds allow, all checks together."""
    n, plan = 8, story.protocol(required_diagnostics=story.CHECKS)
    alarms = sum(
        story.judged(story.World(per_clinic=30), seed, plan).estimate.sealed is not None
        for seed in range(n)
    )
    nominal = 5 * 0.001 + 0.01
    assert alarms / n <= nominal + 4 * np.sqrt(nominal * (1 - nominal) / n)


def test_a_little_that_is_carried_over_is_tolerated():
    """Within five points the check does not cry: the estimand has the past as it was."""
    found = story.judged(story.World(carried=0.03), 4)
    verdicts = {d.name: d.verdict for d in found.diagnostics}
    assert verdicts["carry_over"] == verdicts["spill_over"] == "pass"


def test_only_this_design_has_these_checks():
    """The protocol of another may not ask for them, and nobody's may leave others out."""
    plan = story.protocol()
    assert set(VISIT_CHECKS) < set(known_checks(plan))
    other = plan.model_copy(update={"unit_of_randomisation": "patient"})
    assert not set(VISIT_CHECKS) & set(known_checks(other))


def test_where_nobody_comes_twice_nothing_can_be_carried_over():
    """The check says that it could not be made, and so seals where it is required."""
    found = story.judged(story.World(again=0.0), 1)
    assert {d.name: d.verdict for d in found.diagnostics}["carry_over"] == (
        "not_evaluated"
    )
    assert "carry_over could not be checked" in found.estimate.sealed


def test_of_nobody_a_reason_is_given():
    """Whatever is required: no number and no traceback."""
    plan = story.protocol(required_diagnostics=())
    rows = story.made(story.World(clinics=2, per_clinic=2), 1)
    empty = {name: part_of(part) for name, part in rows.endpoints.items()}
    found = story.judged_rows(rows, empty, plan)
    assert isinstance(found.estimate, NotEstimable)
    verdicts = {d.name: d.verdict for d in found.diagnostics}
    assert verdicts["carry_over"] == verdicts["spill_over"] == "not_evaluated"


def part_of(rows):
    """The same measure with nobody in its denominator."""
    return type(rows)(**{**vars(rows), "denominator": np.zeros(len(rows), bool)})
