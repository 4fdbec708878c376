"""What is logged of a change while it runs, and what is left of it once adopted."""

import datetime as dt

from rounds.conduct.desk import Desk
from rounds.conduct.periods import last_twelve_months
from rounds.conduct.reconcile import reconcile
from rounds.loop.evaluation.after_adoption.maintenance import maintenance
from rounds.nouns import (
    Decision,
    DefinitionError,
    Evaluation,
    Maintenance,
    Measure,
    Modification,
    Protocol,
    Provenance,
    Rollout,
)

__all__ = ["log_modification", "modifications_of", "run_maintenance"]


def modifications_of(desk: Desk, rollout: Rollout) -> tuple[Modification, ...]:
    """Give the adaptations log of a rollout, the first day first."""
    found = {}
    for entry in desk.ledger.entries():
        if entry.kind == Modification.kind:
            one = desk.read(entry.ref, Modification)
            if one.rollout == rollout.ref():
                found[one.name] = one  # the last version of each stands
    return tuple(sorted(found.values(), key=lambda one: (one.on, one.name)))


def log_modification(desk: Desk, **said: object) -> Modification:
    """Write an entry into the adaptations log of the last rollout, and publish it.

    Parameters
    ----------
    said : object
        The fields of a `Modification`, but for its name and rollout.

    Raises
    ------
    DefinitionError
        If there is no rollout, the day is before it or to come, or a field is wrong.
    """
    reconcile(desk)
    rollout = desk.latest(Rollout)
    protocol = desk.read(rollout.protocol, Protocol)
    on, today = said["on"], desk.now().date()
    assert isinstance(on, dt.date)
    if not protocol.go_live <= on <= today:
        raise DefinitionError(
            f"{on} is not a day on which the change was live.",
            code="modification-day",
            why="An entry is of a day since go-live, and is written once it has held.",
            remedies=(f"Give a day from {protocol.go_live} to {today}.",),
        )
    number = 1 + sum(
        one.name.startswith(f"{rollout.name}-modification-")
        for one in modifications_of(desk, rollout)
    )
    made = {
        "name": f"{rollout.name}-modification-{number}",
        "rollout": rollout.ref(),
        "provenance": Provenance(made_from=(rollout.ref(),)),
        **said,
    }
    return desk.publish(Modification.model_validate(made))


def run_maintenance(desk: Desk) -> Maintenance:
    """Say what is left of the change that was adopted last, and publish it.

    Raises
    ------
    DefinitionError
        If nothing has been adopted.
    DataError
        If the datamart cannot be read, or has no days.
    """
    reconcile(desk)
    decided = desk.find(Decision)
    if decided is None or decided.decided != "adopt":
        raise DefinitionError(
            "No change has been adopted last, so nothing can be maintained.",
            code="nothing-adopted",
            why="Maintenance is what is left of a change once everybody has it.",
            remedies=("Decide first: rounds decision run",),
        )
    judged = desk.read(decided.evaluation, Evaluation)
    protocol = desk.read(judged.protocol, Protocol)
    with desk.datamart() as mart:
        found = maintenance(
            decided,
            judged,
            protocol,
            desk.read(protocol.primary.measure, Measure),
            mart,
            practice=desk.practice,
            data_until=last_twelve_months(mart).end,
            now=desk.now(),
        )
    return desk.publish(found)
