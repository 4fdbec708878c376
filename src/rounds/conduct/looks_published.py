"""Looks as the ledger tells of them: that they were made, and nothing that was seen."""

from rounds import __version__
from rounds.conduct.desk import Desk
from rounds.loop.evaluation.looks import LookRecord
from rounds.nouns import (
    Alert,
    DataError,
    Look,
    Protocol,
    Provenance,
    Rollout,
    UnitResult,
)
from rounds.practice.looks import PracticeLook

__all__ = ["check_looks", "publish_looks"]


def publish_looks(desk: Desk) -> tuple[Look, ...]:
    """Publish every look of the last rollout, and an alert for each that paused it.

    It may be called at any time: what was published is left as it is, so that a kill
    between a look and its publication loses nothing.

    Raises
    ------
    DataError
        If a look that was published is gone, or is not as it was.
    """
    rollout = desk.find(Rollout)
    if rollout is None:
        return ()
    kept = desk.practice.looks(rollout.ref())
    check_looks(desk, rollout, kept)
    protocol = desk.read(rollout.protocol, Protocol)
    published = []
    for one in kept:
        published.append(_published(desk, rollout, protocol, one))
        if LookRecord.from_json(one.record).verdict == "pause_harm":
            _alert(desk, rollout, protocol, one)
    return tuple(published)


def check_looks(desk: Desk, rollout: Rollout, kept: tuple[PracticeLook, ...]) -> None:
    """Insist that practice holds every look that was published, as it was.

    Raises
    ------
    DataError
        If one is gone, or was changed.
    """
    standing = {one.number: one.commitment for one in kept}
    for entry in desk.ledger.entries():
        if entry.kind != Look.kind:
            continue
        look = desk.read(entry.ref, Look)
        if look.rollout == rollout.ref() and (
            standing.get(look.number) != look.commitment
        ):
            raise DataError(
                f"Look {look.number} is not in practice as it was published.",
                code="look-altered",
                why="What a look spent stays spent: it can be neither forgotten nor "
                "changed.",
                remedies=("Restore private/practice.sqlite from a backup.",),
            )


def _name(rollout: Rollout, look: PracticeLook) -> str:
    return f"{rollout.name}-{rollout.ref().hash[:8]}-look-{look.number}"


def _published(
    desk: Desk, rollout: Rollout, protocol: Protocol, look: PracticeLook
) -> Look:
    name = _name(rollout, look)
    found = desk.find(Look, name)
    return found or desk.publish(
        Look(
            name=name,
            title=f"Look {look.number} at {rollout.title}",
            rollout=rollout.ref(),
            protocol=protocol.ref(),
            number=look.number,
            data_until=look.data_until,
            verdict=look.verdict,
            commitment=look.commitment,
            provenance=Provenance(
                made_from=(rollout.ref(), protocol.ref()),
                snapshot=look.snapshot,
                code_version=__version__,
            ),
        )
    )


def _alert(
    desk: Desk, rollout: Rollout, protocol: Protocol, look: PracticeLook
) -> Alert:
    """Raise an alert with an owner; which guardrail it was is for the board."""
    name = f"{_name(rollout, look)}-paused"
    month = f"{look.data_until:%Y-%m}"
    cards = 1 if protocol.factors is None else 2
    budget = min(cards * sum(one.alpha for one in protocol.guardrails), 0.999)
    found = desk.find(Alert, name)
    return found or desk.publish(
        Alert(
            name=name,
            title=f"{rollout.title}: paused by a guardrail at look {look.number}",
            measure=protocol.primary.measure,
            change=rollout.ref(),
            unit="(all)",
            rule="guardrail",
            how=(
                "The protocol's guardrails are read at each look, each with an error "
                "of its own; harm beyond a margin was shown. Which guardrail it was, "
                "and every number, is in the packet of the monitoring board."
            ),
            false_alarm=budget,
            since=month,
            signalled=month,
            level=None,
            seen=UnitResult(unit=month, suppressed=True),
            owner=rollout.responsible,
            limitations=("The measure named is the trial's, not the guardrail's.",),
            provenance=Provenance(
                made_from=(rollout.ref(), protocol.ref()),
                snapshot=look.snapshot,
                code_version=__version__,
            ),
        )
    )
