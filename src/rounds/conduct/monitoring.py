"""Look at a running trial, pause it where it harms, end it early: in a project."""

import datetime as dt
from dataclasses import dataclass

from rounds.conduct.desk import Desk
from rounds.conduct.looks_published import check_looks, publish_looks
from rounds.conduct.reconcile import reconcile
from rounds.loop.evaluation import monitor
from rounds.loop.evaluation.looks import LookRecord
from rounds.nouns import (
    DefinitionError,
    Evidence,
    Look,
    Measure,
    Protocol,
    Rollout,
)
from rounds.practice.looks import PracticeLook, Stopped

__all__ = ["Monitored", "run_monitor", "run_stop"]


@dataclass(frozen=True)
class Monitored:
    """What everybody may know of a look."""

    look: Look
    service: str
    state: str
    """What is in force: `trial`, or `paused`."""


def run_monitor(desk: Desk) -> Monitored:
    """Look, write it down, pause if a guardrail is crossed, and publish that.

    The order is that of safety: cards stop in the transaction that writes the look
    down; the ledger follows, and `reconcile` makes up for a kill between the two.

    Raises
    ------
    AccessError
        If the protocol plans no look now, or was not frozen in time.
    DataError
        If nobody's follow-up is complete, or a look before was altered.
    DefinitionError
        If there is no trial to look at, or it was ended.
    """
    reconcile(desk)
    rollout = desk.latest(Rollout)
    protocol = desk.read(rollout.protocol, Protocol)
    check_looks(desk, rollout, desk.practice.looks(rollout.ref()))
    measures = {
        str(part.measure): desk.read(part.measure, Measure)
        for part in protocol.endpoints
    }
    with desk.datamart() as mart:
        seen = monitor(
            rollout,
            protocol,
            desk.read(rollout.evidence, Evidence),
            mart,
            desk.practice,
            measures=measures,
            receipt=desk.ledger.receipt(rollout.protocol),
            now=desk.now(),
        )
    kept, _ = desk.practice.record_look(
        rollout.ref(),
        _written(desk, rollout, seen),
        pause=bool(seen.crossed),
        chance=seen.chance,
    )
    looks = publish_looks(desk)
    service = desk.practice.service_of(rollout.ref())
    standing = desk.practice.in_force(service)
    assert standing is not None  # its trial was looked at
    return Monitored(looks[kept.number - 1], service, standing.state)


def run_stop(desk: Desk, *, reason: str) -> Stopped:
    """End the running trial early, in the name of whoever sits at the desk.

    Raises
    ------
    DefinitionError
        If no trial is in force, its protocol plans no looks, or no reason is given.
    """
    reconcile(desk)
    rollout = desk.latest(Rollout)
    protocol = desk.read(rollout.protocol, Protocol)
    if protocol.looks is None:
        raise DefinitionError(
            "The protocol plans no looks, so that its trial has no early end.",
            code="no-early-end",
            why="An end that nobody planned for cannot be allowed for in the estimate.",
            remedies=(
                "Wait for the end of follow-up: rounds evaluation run",
                "To stop cards at once: rounds change kill SERVICE --by …",
            ),
        )
    return desk.practice.stop_trial(
        rollout.ref(), by=desk.by, at=desk.now(), reason=reason
    )


def _written(desk: Desk, rollout: Rollout, seen: LookRecord) -> PracticeLook:
    name = f"look-{rollout.ref().hash[:16]}-{seen.number}.salt"
    return PracticeLook(
        number=seen.number,
        snapshot=seen.snapshot,
        data_until=dt.date.fromisoformat(seen.data_until),
        made=dt.datetime.fromisoformat(seen.made),
        verdict="paused" if seen.crossed else "continue",
        record=seen.to_json(),
        salt=desk.project.secret(name).hex(),
    )
