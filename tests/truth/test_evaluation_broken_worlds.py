"""Break an assumption on purpose: its check fails, and the estimate stays sealed."""

import json

import numpy as np
import pytest

from rounds.loop.evaluation.checks.diagnostics import KNOWN
from rounds.nouns import DiagnosticError, Estimate, Evaluation, NotEstimable
from stories import trial

FAULTS = {
    "sample ratio": "sample_ratio",
    "deliveries": "deliveries",
    "contamination": "contamination",
    "missing outcomes": "missing_outcomes",
}


def numbers(thing):
    """Every long number in what JSON holds, wherever it stands."""
    if isinstance(thing, dict):
        return {n for part in thing.values() for n in numbers(part)}
    if isinstance(thing, list):
        return {n for part in thing for n in numbers(part)}
    return {thing} if isinstance(thing, float) and len(repr(thing)) > 8 else set()


@pytest.mark.parametrize("unit", ["clinic", "patient"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_assumption_is_noticed_by_its_own_check(fault, unit):
    """Each fault fails the check that is named after it."""
    world = trial.World(clinics=30, per_clinic=50, broken=fault, unit=unit)
    evaluation, _ = trial.judged(world, 11)
    assert FAULTS[fault] in {d.name for d in evaluation.failed}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sealed_evaluation_holds_no_result_anywhere(fault):
    """Not in memory, not in JSON, not in a repr, not for any group, arm or endpoint."""
    world = trial.World(broken=fault)
    plan = trial.protocol()
    sealed, _ = trial.judged(world, 5, plan)
    unsealed, _ = trial.judged(world, 5, trial.protocol(required_diagnostics=()))
    assert sealed.estimate.sealed
    for field in ("value", "lower", "upper"):
        with pytest.raises(DiagnosticError):
            getattr(sealed.estimate, field)
    results = (
        "estimate", "balancing", "secondary", "equity", "interactions", "posterior",
        "flow", "icc",
    )  # fmt: skip
    open_json = json.loads(unsealed.to_json())
    secret = set().union(*(numbers(open_json[name]) for name in results))
    secret -= {0.95, *numbers(open_json["diagnostics"])}
    assert len(secret) > 30
    text = sealed.to_json() + repr(sealed) + sealed.to_yaml() + str(sealed.model_dump())
    assert not [number for number in secret if repr(number) in text]
    for arm in sealed.flow.arms + sealed.secondary[0].arms + sealed.balancing[0].arms:
        assert (arm.numerator, arm.value) == (None, None)
    assert {result.verdict for result in sealed.balancing} == {"sealed"}
    assert isinstance(sealed.posterior, NotEstimable)
    assert Evaluation.from_json(sealed.to_json()) == sealed


@pytest.mark.parametrize(
    ("world", "n"),
    [
        (trial.World(effect=0.0), 60),
        (trial.World(clinics=8), 150),
        (trial.World(clinics=12, per_clinic=40, unit="patient"), 60),
    ],
)
def test_healthy_trials_are_rarely_sealed(world, n):
    """False alarms stay below what the thresholds allow, five checks together."""
    plan = trial.protocol(
        required_diagnostics=KNOWN if world.unit == "clinic" else KNOWN[:-1],
        equity_groups=(),
        unit_of_randomisation=world.unit,
    )
    alarms = sum(
        isinstance(e := trial.judged(world, seed, plan)[0].estimate, Estimate)
        and e.sealed is not None
        for seed in range(n)
    )
    nominal = 4 * 0.001 + 0.01
    assert alarms / n <= nominal + 4 * np.sqrt(nominal * (1 - nominal) / n)


def test_a_check_that_could_not_be_made_seals_as_well():
    """With patients randomised there is no enrolment check; requiring it seals."""
    plan = trial.protocol(
        unit_of_randomisation="patient", required_diagnostics=("enrolment",)
    )
    world = trial.World(clinics=8, per_clinic=20, unit="patient")
    evaluation, _ = trial.judged(world, 2, plan)
    assert "could not be checked" in evaluation.estimate.sealed


def test_a_fault_in_a_check_that_is_not_required_is_reported_and_does_not_seal():
    """The protocol, not the code, says which failures seal."""
    plan = trial.protocol(required_diagnostics=("sample_ratio",))
    evaluation, _ = trial.judged(trial.World(broken="contamination"), 5, plan)
    verdicts = {d.name: (d.verdict, d.required) for d in evaluation.diagnostics}
    assert verdicts["contamination"] == ("fail", False)
    assert evaluation.estimate.sealed is None
