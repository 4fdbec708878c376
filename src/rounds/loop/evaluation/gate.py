"""The gate before the join: what may be answered, when, and by what right."""

import datetime as dt
from collections.abc import Mapping
from typing import Protocol as Shape

from rounds.loop.evaluation.checks.diagnostics import known_checks
from rounds.loop.evaluation.estimates.effects import check_covariates
from rounds.loop.evaluation.estimates.estimands import check_estimands
from rounds.nouns import (
    AccessError,
    DefinitionError,
    Evidence,
    Measure,
    Period,
    Protocol,
    Ref,
    Rollout,
)

__all__ = ["LedgerReceipt", "open_gate", "open_to_looks"]


class LedgerReceipt(Shape):
    """What the ledger gives back for a published noun."""

    @property
    def ref(self) -> Ref:
        """What was published."""

    @property
    def sequence(self) -> int:
        """Its place in the ledger."""

    @property
    def entry_hash(self) -> str:
        """The hash of its entry."""

    @property
    def at(self) -> dt.datetime:
        """When."""


def open_gate(
    rollout: Rollout,
    protocol: Protocol,
    evidence: Evidence,
    *,
    measures: Mapping[str, Measure],
    receipt: LedgerReceipt | None,
    now: dt.datetime,
    enrolment: Period | None = None,
) -> tuple[str, ...]:
    """Let an evaluation through, or say why not; no row has been read yet.

    Parameters
    ----------
    enrolment : Period, optional
        Of a trial that was ended early; that of the protocol, if not given.

    Returns
    -------
    tuple of str
        Limitations that were noticed on the way.

    Raises
    ------
    AccessError
        If the frozen protocol has no receipt, the receipt is for another, it came
        after enrolment had closed, or follow-up is not over.
    DefinitionError
        If the nouns do not belong together, a measure is missing, or the protocol
        asks for a covariate, a check or an estimand that is not offered.
    """
    limitations = open_to_looks(
        rollout, protocol, evidence, measures=measures, receipt=receipt
    )
    last = (enrolment or protocol.enrolment).end
    complete = last + dt.timedelta(days=protocol.follow_up_days)
    if now.date() <= complete:
        raise AccessError(
            f"The trial is not over: follow-up of the last enrolled ends on "
            f"{complete}, and today is {now.date()}.",
            code="trial-not-over",
            why="An effect that is read while it comes in is found too often.",
            remedies=(
                f"Wait until {complete + dt.timedelta(days=1)}.",
                "Extend the trial by a new version of the protocol if it needs longer.",
            ),
        )
    return limitations


def open_to_looks(
    rollout: Rollout,
    protocol: Protocol,
    evidence: Evidence,
    *,
    measures: Mapping[str, Measure],
    receipt: LedgerReceipt | None,
) -> tuple[str, ...]:
    """Let through what is frozen and belongs together, over or not.

    Whether a look is due is for `looks.schedule.check_due` to say.

    Returns
    -------
    tuple of str
        Limitations that were noticed on the way.

    Raises
    ------
    AccessError
        If the frozen protocol has no receipt, or not in time.
    DefinitionError
        If the nouns do not belong together, or ask for what does not exist.
    """
    _belongs_together(rollout, protocol, evidence)
    _is_known(protocol, measures)
    return _is_frozen(protocol, receipt)


def _belongs_together(rollout: Rollout, protocol: Protocol, evidence: Evidence) -> None:
    for field, held, given in (
        ("protocol", rollout.protocol, protocol.ref()),
        ("evidence", rollout.evidence, evidence.ref()),
    ):
        if held != given:
            raise DefinitionError(
                f"Rollout.{field} is {held.short}, but {given.short} was handed in.",
                code="rollout-mismatch",
                why="A trial is judged by the plan under which it was started.",
                remedies=(f"Hand in the {field} that the rollout names.",),
            )
    if rollout.design.unit != protocol.unit_of_randomisation:
        raise DefinitionError(
            f"Rollout.design randomises by {rollout.design.unit}, the protocol by "
            f"{protocol.unit_of_randomisation}.",
            code="unit-mismatch",
            remedies=("Start the rollout with the design that its protocol names.",),
        )
    if rollout.design.allocation != protocol.allocation:
        raise DefinitionError(
            f"Rollout.design draws {rollout.design.allocation}, the protocol is for "
            f"{protocol.allocation}.",
            code="unit-mismatch",
            why="How units were allocated decides how they are analysed.",
            remedies=("Start the rollout with the design that its protocol names.",),
        )
    if rollout.design.factors != protocol.factors:
        raise DefinitionError(
            "Rollout.design and the protocol have different factors.",
            code="unit-mismatch",
            why="How two factors are read was fixed with the protocol.",
            remedies=("Start the rollout with the factors that its protocol froze.",),
        )
    if rollout.design.adaptation != protocol.adaptation:
        raise DefinitionError(
            "Rollout.design and the protocol follow looks in different ways.",
            code="unit-mismatch",
            why="How units were allocated decides how they are analysed.",
            remedies=("Start the rollout with the design that its protocol names.",),
        )
    if rollout.design.schedule != protocol.schedule:
        raise DefinitionError(
            "Rollout.design and the protocol have different schedules.",
            code="schedule-mismatch",
            why="Arms are told by the day: another schedule would exchange them.",
            remedies=("Start the rollout with the schedule that its protocol froze.",),
        )


def _is_known(protocol: Protocol, measures: Mapping[str, Measure]) -> None:
    if protocol.design != "randomised":
        raise DefinitionError(
            f"Protocol.design is {protocol.design!r}; only randomised rollouts are "
            "evaluated here.",
            code="design-not-evaluated",
            remedies=("Take an emulation to the evidence step.",),
        )
    check_covariates(protocol)
    known = known_checks(protocol)
    unknown = [name for name in protocol.required_diagnostics if name not in known]
    if unknown:
        raise DefinitionError(
            f"Protocol.required_diagnostics names {', '.join(map(repr, unknown))}.",
            code="unknown-diagnostic",
            why="A check that cannot be made cannot be passed.",
            remedies=(f"Choose among {', '.join(known)}.",),
        )
    names = [endpoint.estimand.name for endpoint in protocol.endpoints]
    if len(set(names)) != len(names):
        raise DefinitionError(
            "Two endpoints of the protocol have an estimand of the same name.",
            code="endpoint-names",
            remedies=("Give each endpoint's estimand a name of its own.",),
        )
    for endpoint in protocol.endpoints:
        measure = measures.get(str(endpoint.measure))
        if measure is None or measure.ref() != endpoint.measure:
            raise DefinitionError(
                f"The measure {endpoint.measure.short} of endpoint "
                f"{endpoint.estimand.name!r} was not handed in as it was frozen.",
                code="endpoint-measure",
                remedies=(
                    "Hand in the version of the measure that the protocol names.",
                ),
            )
        if protocol.unit_of_randomisation == "encounter" and measure.basis != "visit":
            raise DefinitionError(
                f"The measure of endpoint {endpoint.estimand.name!r} is not of visits.",
                code="endpoint-not-of-visits",
                why="Encounters were randomised: each has an outcome of its own.",
                remedies=("Give the measure the basis visit, and the index each.",),
            )
    check_estimands(protocol, measures)


def _is_frozen(protocol: Protocol, receipt: LedgerReceipt | None) -> tuple[str, ...]:
    if receipt is None or receipt.ref != protocol.ref():
        what = "nothing" if receipt is None else receipt.ref.short
        raise AccessError(
            f"The receipt is for {what}, not for the protocol {protocol.ref().short}.",
            code="protocol-not-frozen",
            why="Outcomes are joined to arms only under a plan that was fixed before.",
            remedies=(
                "Publish the protocol, and hand in the receipt that the ledger gives.",
                "If the protocol was changed, evaluate the version that was frozen.",
            ),
        )
    frozen = receipt.at.date()
    if frozen > protocol.enrolment.end:
        raise AccessError(
            f"The protocol was frozen on {frozen}, after enrolment had closed on "
            f"{protocol.enrolment.end}.",
            code="protocol-frozen-late",
            why="A plan made when outcomes could be seen is not a plan.",
            remedies=("Start a new rollout under this protocol.",),
        )
    if frozen > protocol.enrolment.start:
        return (
            (
                f"The protocol was frozen on {frozen}, after the first patients could "
                "be enrolled; no outcome had been joined to an arm."
            ),
        )
    return ()
