"""What the gate of the evaluation says to those whom it does not let through."""

import datetime as dt
from dataclasses import dataclass

import pytest

from rounds.loop.evaluation.gate import open_gate
from rounds.loop.evaluation.participants import join
from rounds.nouns import (
    AccessError,
    DataError,
    DefinitionError,
    Design,
    Ref,
    RoundsError,
)
from stories import trial


@dataclass(frozen=True)
class Receipt:
    """What a ledger gives back."""

    ref: Ref
    at: dt.datetime
    sequence: int = 4
    entry_hash: str = trial.ZERO


@dataclass(frozen=True)
class Frozen:
    """A measure that is known by its Ref alone."""

    known_as: Ref
    unit: str = ""
    scoring: str = "proportion"

    def ref(self):
        return self.known_as


MEASURES = {
    str(measure): Frozen(measure)
    for measure in (trial.PRIMARY, trial.SECONDARY, trial.BALANCING)
}
BEFORE = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
OVER = dt.datetime(2025, 10, 6, tzinfo=dt.UTC)


def ask(plan=None, known=None, started=None, **given):
    plan, known = plan or trial.protocol(), known or trial.evidence()
    given = {
        "measures": MEASURES,
        "receipt": Receipt(plan.ref(), BEFORE),
        "now": OVER,
    } | given
    return open_gate(started or trial.rollout(plan, known), plan, known, **given)


def refused(error, code, **given):
    with pytest.raises(error) as caught:
        ask(**given)
    said: RoundsError = caught.value
    assert said.code == code
    assert said.remedies
    return str(said)


def test_a_frozen_protocol_whose_trial_is_over_passes():
    """With its receipt and after the last follow-up, there is nothing to say."""
    assert ask() == ()


def test_without_a_receipt_nothing_is_read():
    """No receipt, or one for another content, is refused."""
    refused(AccessError, "protocol-not-frozen", receipt=None)
    other = trial.protocol(covariates=())
    refused(AccessError, "protocol-not-frozen", receipt=Receipt(other.ref(), BEFORE))


def test_a_protocol_changed_after_it_was_frozen_is_refused():
    """The receipt is for the content: a moved margin is another protocol."""
    frozen = trial.protocol()
    moved = trial.protocol(level=0.9)
    refused(
        AccessError,
        "protocol-not-frozen",
        plan=moved,
        receipt=Receipt(frozen.ref(), BEFORE),
    )


def test_a_protocol_frozen_after_enrolment_is_no_plan():
    """It is refused; one frozen while enrolment runs passes and is marked."""
    plan = trial.protocol()
    late = dt.datetime(2025, 7, 7, tzinfo=dt.UTC)
    refused(AccessError, "protocol-frozen-late", receipt=Receipt(plan.ref(), late))
    during = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
    assert "after the first patients" in ask(receipt=Receipt(plan.ref(), during))[0]


def test_before_follow_up_has_ended_one_waits_or_extends():
    """The last follow-up ends 90 days after enrolment, and that day counts."""
    last = dt.datetime(2025, 10, 4, tzinfo=dt.UTC)
    text = refused(AccessError, "trial-not-over", now=last)
    assert "Wait until 2025-10-05" in text
    assert "Extend" in text
    assert ask(now=last + dt.timedelta(days=1)) == ()


def test_nouns_of_two_trials_do_not_mix():
    """Protocol, evidence and unit are those that the rollout names."""
    plan, known = trial.protocol(), trial.evidence()
    started = trial.rollout(plan, known)
    other = known.model_copy(update={"title": "Others"})
    refused(DefinitionError, "rollout-mismatch", known=other, started=started)
    by_patient = started.model_copy(
        update={"design": started.design.model_copy(update={"unit": "patient"})}
    )
    refused(DefinitionError, "unit-mismatch", started=by_patient)
    paired = Design(unit="clinic", allocation="matched_pairs")
    drawn = trial.rollout(trial.protocol(), trial.evidence()).model_copy(
        update={"design": paired}
    )
    refused(DefinitionError, "unit-mismatch", started=drawn)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"covariates": ("stratum", "shoe_size")}, "unknown-covariate"),
        ({"required_diagnostics": ("overlap",)}, "unknown-diagnostic"),
        ({"design": "emulation"}, "design-not-evaluated"),
        ({"endpoints": trial.protocol().endpoints * 1
          + (trial.endpoint("secondary", trial.SECONDARY, "systolic", "lower"),)},
         "endpoint-names"),
    ],
)  # fmt: skip
def test_a_protocol_asks_only_for_what_exists(changes, code):
    """Each slip is named with what there is to choose from."""
    refused(DefinitionError, code, plan=trial.protocol(**changes))


def test_every_endpoint_has_its_measure_as_it_was_frozen():
    """A measure that is missing, or was changed since, is refused."""
    absent = {k: v for k, v in MEASURES.items() if k != str(trial.BALANCING)}
    refused(DefinitionError, "endpoint-measure", measures=absent)
    changed = MEASURES | {str(trial.BALANCING): Frozen(trial.PRIMARY)}
    refused(DefinitionError, "endpoint-measure", measures=changed)


def test_an_endpoint_that_counts_visits_is_refused_without_naming_a_person():
    """Each participant has one value; the message holds nothing of a row."""
    plan = trial.protocol()
    made = trial.made(trial.World(clinics=4, per_clinic=10), 1)
    rows = made.endpoints[str(trial.PRIMARY)]
    rows.person_source_value[1] = rows.person_source_value[0]
    with pytest.raises(DataError) as caught:
        join(rows, made.allocation, plan, plan.primary, {})
    assert caught.value.code == "endpoint-repeats"
    assert str(rows.person_source_value[0]) not in str(caught.value)
