"""Adopt, roll back, withdraw, switch off, resume: in force from the next call."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from rounds.nouns import DataError, DefinitionError, KnowledgeObject
from rounds.practice import schema
from rounds.practice.edge import writing
from rounds.practice.in_force import KILLED, InForce, enter, history_of
from rounds.practice.looks import named

__all__ = ["Serving"]


class Serving:
    """What can be done to knowledge that is in force; part of `Practice`."""

    engine: sa.Engine

    def adopt(
        self,
        service: str,
        *,
        by: str,
        at: dt.datetime,
        decision: str | None = None,
        knowledge: KnowledgeObject | None = None,
    ) -> InForce:
        """Show the card everywhere; the same decision again changes nothing.

        Parameters
        ----------
        decision : str, optional
            Ref of the Decision that says so.
        knowledge : KnowledgeObject, optional
            A new version to adopt; what is in force now, if not given. It has
            passed `rounds.loop.change.check_knowledge` before.

        Raises
        ------
        DataError
            If the service was never in force.
        DefinitionError
            If the new version is of another service, or the kill switch is on.
        """
        if knowledge is not None and knowledge.service.id != service:
            raise DefinitionError(
                f"{knowledge.name} is served as {knowledge.service.id!r}, "
                f"not {service!r}.",
                code="other-service",
                remedies=(f"Give it the service id {service!r}.",),
            )

        def adopted(history: list[InForce]) -> InForce:
            if history[-1].is_killed:
                raise DefinitionError(
                    f"The service {service!r} was switched off.",
                    code="switched-off",
                    why="What was switched off for safety is put on again by name.",
                    remedies=("Resume it first: rounds change resume SERVICE",),
                )
            if history[-1].state == "paused":
                raise DefinitionError(
                    f"The trial of {service!r} is paused.",
                    code="trial-paused",
                    why="What was paused for harm is shown again only by name and with "
                    "a reason.",
                    remedies=(
                        "Resume it: rounds change resume SERVICE --by … --reason …",
                        "End the trial: rounds evaluation stop --by … --reason …",
                    ),
                )
            ref = str(knowledge.ref()) if knowledge else history[-1].knowledge
            return replace(history[-1], state="all", knowledge=ref, reason="adopted")

        return self._change(
            service, adopted, by=by, at=at, decision=decision, knowledge=knowledge
        )

    def rollback(
        self, service: str, *, by: str, at: dt.datetime, decision: str | None = None
    ) -> InForce:
        """Go back to the version that was adopted before; to none, if none was.

        It never starts a trial again.

        Raises
        ------
        DataError
            If the service was never in force.
        """

        def former(history: list[InForce]) -> InForce:
            now = history[-1]
            if now.is_killed:
                return now
            for entry in reversed(history):
                if entry.state == "all" and entry.knowledge != now.knowledge:
                    return replace(
                        now,
                        state="all",
                        knowledge=entry.knowledge,
                        reason="rolled back",
                    )
            return replace(now, state="off", reason="rolled back")

        return self._change(service, former, by=by, at=at, decision=decision)

    def withdraw(
        self, service: str, *, by: str, at: dt.datetime, decision: str | None = None
    ) -> InForce:
        """Carry out a decision not to adopt: as `rollback`, and said so."""
        return self.rollback(service, by=by, at=at, decision=decision)

    def kill(
        self, service: str, *, by: str, at: dt.datetime, reason: str = ""
    ) -> InForce:
        """Show nothing to anyone any more; `resume` undoes it.

        Raises
        ------
        DataError
            If the service was never in force.
        """
        said = f"{KILLED}: {reason}" if reason else KILLED

        def off(history: list[InForce]) -> InForce:
            return replace(history[-1], state="off", reason=said)

        return self._change(service, off, by=by, at=at)

    def resume(
        self, service: str, *, by: str, at: dt.datetime, reason: str = ""
    ) -> InForce:
        """Undo `kill`, or a pause: put in force again what it switched off.

        Parameters
        ----------
        by, reason : str
            Who does so, and why; a trial that paused itself needs both.

        Raises
        ------
        DataError
            If the service was never in force.
        DefinitionError
            If it was neither switched off nor paused, or a pause is to be undone by
            nobody or without a reason.
        """
        said = f"resumed: {reason}" if reason else "resumed"

        def before(history: list[InForce]) -> InForce:
            now = history[-1]
            if now.state == "paused":
                named(by, reason, "resumes a paused trial")
                return replace(now, state="trial", reason=said)
            if not now.is_killed:
                raise DefinitionError(
                    f"The service {service!r} was not switched off.",
                    code="not-switched-off",
                    remedies=("Look at what is in force: rounds change status",),
                )
            last = next(e for e in reversed(history) if e.state != "off")
            return replace(last, reason=said, decision=now.decision)

        return self._change(service, before, by=by, at=at)

    def _change(
        self,
        service: str,
        make: Callable[[list[InForce]], InForce],
        *,
        by: str,
        at: dt.datetime,
        decision: str | None = None,
        knowledge: KnowledgeObject | None = None,
    ) -> InForce:
        with writing(self.engine) as connection:
            history = history_of(connection, service)
            if not history:
                raise DataError(
                    f"There is no service {service!r} here.",
                    code="unknown-service",
                    remedies=("Start a rollout first: rounds change run",),
                )
            now = history[-1]
            if decision is not None and now.decision == decision:
                return now
            wanted = make(history)
            if knowledge is not None:
                keep_knowledge(connection, knowledge)
            same = (wanted.state, wanted.knowledge) == (now.state, now.knowledge)
            if not same or decision is not None:
                # A decision once carried out stays so through a kill switch.
                carried = decision or wanted.decision
                enter(connection, replace(wanted, by=by, at=at, decision=carried))
            return history_of(connection, service)[-1]


def keep_knowledge(connection: sa.Connection, knowledge: KnowledgeObject) -> None:
    """Keep a knowledge object; the same again is no error."""
    ref = str(knowledge.ref())
    table = schema.knowledge
    known = connection.execute(sa.select(table.c.ref).where(table.c.ref == ref)).first()
    if known is None:
        connection.execute(
            sa.insert(table).values(
                ref=ref, service=knowledge.service.id, json=knowledge.to_json()
            )
        )
