"""What is live where care is given: knowledge in force, allocations, opt-outs."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from rounds.nouns import (
    AccessError,
    DataError,
    DefinitionError,
    KnowledgeObject,
    Ref,
    Rollout,
)
from rounds.practice import schema, seeds
from rounds.practice.allocations import (
    Assignment,
    Basis,
    assignments_of,
    basis_of,
    write_assignments,
)
from rounds.practice.callers import Calling
from rounds.practice.edge import reading, writing
from rounds.practice.in_force import InForce, current_of, enter, history_of
from rounds.practice.looks import Looking
from rounds.practice.serving import Serving, keep_knowledge

__all__ = ["Practice"]


class Practice(Serving, Looking, Calling):
    """The store of one site, in `private/practice.sqlite`.

    Changes take effect on the next call, from whichever process they are made: what is
    in force is read inside the transaction that records the exposure.
    """

    def __init__(self, path: Path, engine: sa.Engine) -> None:
        self.path = path
        self.engine = engine

    def __repr__(self) -> str:
        return f"<Practice at {self.path.name}>"

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store, making it where there is none (mode 0600).

        Raises
        ------
        DataError
            If the file is not a store of practice, or cannot be opened.
        """
        path = Path(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():
                path.touch(mode=0o600)
            return cls(path, schema.open_engine(path))
        except (OSError, SQLAlchemyError):
            raise DataError(
                f"{path.name} cannot be opened as a store of practice.",
                code="practice-unreadable",
                remedies=(
                    "Check that the folder can be written to.",
                    "Restore the file from a backup.",
                ),
            ) from None

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        rollout: Rollout,
        knowledge: KnowledgeObject,
        *,
        enrolment_end: dt.date,
        assignments: Mapping[str, Assignment],
        second: KnowledgeObject | None = None,
        seed: seeds.Seed,
        at: dt.datetime,
    ) -> None:
        """Put a trial in force; the same rollout again changes nothing.

        `rounds.loop.change.run` calls it, after its checks.

        Parameters
        ----------
        second : KnowledgeObject, optional
            Of the second factor: its service goes into force in the same transaction,
            under the same rollout and allocation.

        Raises
        ------
        DefinitionError
            If the service is taken by another trial or adopted knowledge, or the seed
            is not the one committed to.
        """
        if seed.commitment() != rollout.seed_commitment:
            raise DefinitionError(
                "The seed is not the one that the rollout commits to.",
                code="seed-commitment",
                remedies=("Hand in the seed and salt that made the commitment.",),
            )
        service = knowledge.service.id
        served = [knowledge] if second is None else [knowledge, second]
        # The file first: a crash between the two leaves a file that nothing uses.
        seeds.keep(self._seed_folder, rollout.ref(), seed)
        with writing(self.engine) as connection:
            former = history_of(connection, service)
            if any(e.rollout == str(rollout.ref()) for e in former):
                return
            for one in served:
                _insist_on_free(one.service.id, history_of(connection, one.service.id))
                keep_knowledge(connection, one)
            connection.execute(
                sa.insert(schema.rollout).values(
                    ref=str(rollout.ref()),
                    service=service,
                    unit=rollout.design.unit,
                    starts=rollout.starts.isoformat(),
                    enrolment_end=enrolment_end.isoformat(),
                    json=rollout.to_json(),
                )
            )
            write_assignments(connection, str(rollout.ref()), assignments)
            for one in served:
                started = InForce(
                    number=0,
                    service=one.service.id,
                    state="trial",
                    knowledge=str(one.ref()),
                    rollout=str(rollout.ref()),
                    by=rollout.responsible,
                    at=at,
                    reason="trial started",
                    decision=None,
                )
                enter(connection, started)

    def services(self) -> tuple[str, ...]:
        """Give the ids of the services that have ever been in force, sorted."""
        query = sa.select(schema.in_force.c.service).distinct()
        with reading(self.engine) as connection:
            return tuple(sorted(connection.execute(query).scalars()))

    def in_force(self, service: str) -> InForce | None:
        """Give what is in force for a service; None if it never was."""
        with reading(self.engine) as connection:
            return current_of(connection, service)

    def history(self, service: str) -> tuple[InForce, ...]:
        """Give all that was in force for a service, oldest first."""
        with reading(self.engine) as connection:
            return tuple(history_of(connection, service))

    def knowledge(self, ref: str) -> KnowledgeObject:
        """Give a knowledge object that is or was in force.

        Raises
        ------
        DataError
            If it never was.
        """
        query = sa.select(schema.knowledge.c.json).where(schema.knowledge.c.ref == ref)
        with reading(self.engine) as connection:
            text = connection.execute(query).scalar()
        if text is None:
            raise _unknown("knowledge object", ref)
        return KnowledgeObject.from_json(text)

    def rollout(self, ref: Ref | str) -> Rollout:
        """Give a rollout that was started here.

        Raises
        ------
        DataError
            If it was not.
        """
        return Rollout.from_json(self._rollout_row(str(ref)).json)

    def opt_out(self, person_source_value: str, at: dt.datetime) -> None:
        """Record that a patient wishes no part; from the next call on."""
        row = {"person_source_value": person_source_value, "at": at.isoformat()}
        with writing(self.engine) as connection:
            connection.execute(
                upsert(schema.opt_out).values(row).on_conflict_do_nothing()
            )

    def opt_outs(self) -> frozenset[str]:
        """Give the `person_source_value` of all who opted out."""
        with reading(self.engine) as connection:
            query = sa.select(schema.opt_out.c.person_source_value)
            return frozenset(connection.execute(query).scalars())

    def allocation(self, rollout: Ref) -> dict[str, tuple[str, str]]:
        """Give unit → (arm, stratum) for the units allocated so far, none beyond."""
        return {
            unit: (one.arm, one.stratum)
            for unit, one in self.assignments(rollout).items()
        }

    def assignments(self, rollout: Ref | str) -> dict[str, Assignment]:
        """Give unit → Assignment for the units allocated so far, in order."""
        with reading(self.engine) as connection:
            return assignments_of(connection, str(rollout))

    def basis(self, rollout: Ref) -> dict[str, Basis]:
        """Give unit → what was known of it when it was allocated, where it is kept."""
        with reading(self.engine) as connection:
            return basis_of(connection, str(rollout))

    def reveal(self, rollout: Ref, *, on: dt.date) -> tuple[bytes, bytes]:
        """Give seed and salt, once enrolment has closed; no unit is allocated after.

        Raises
        ------
        AccessError
            If enrolment is still open on that day.
        """
        row = self._rollout_row(str(rollout))
        if on <= dt.date.fromisoformat(row.enrolment_end):
            raise AccessError(
                f"Enrolment into {rollout.name} is open until {row.enrolment_end}.",
                code="enrolment-open",
                why="Who knows the seed can foretell the allocation.",
                remedies=("Reveal the seed after that day.",),
            )
        seed = self.seed(rollout)
        with writing(self.engine) as connection:
            connection.execute(
                sa.update(schema.rollout)
                .where(schema.rollout.c.ref == str(rollout))
                .where(schema.rollout.c.revealed.is_(None))
                .values(revealed=on.isoformat())
            )
        return seed.seed, seed.salt

    def seed(self, rollout: Ref) -> seeds.Seed:
        """Load the private seed, for allocating the next unit."""
        promised = self.rollout(rollout).seed_commitment
        return seeds.load(self._seed_folder, rollout, promised)

    def trial_running(self, service: str | None = None) -> bool:
        """Say whether a trial is in force, for one service or any."""
        wanted = self.services() if service is None else (service,)
        entries = (self.in_force(one) for one in wanted)
        return any(entry is not None and entry.in_trial for entry in entries)

    def is_masked(self, now: dt.datetime) -> bool:
        """Say whether displays must hide which site is which.

        They must while a clinic-randomised trial is in force, and, if it was switched
        off early, until its enrolment closes.
        """
        with reading(self.engine) as connection:
            rows = connection.execute(
                sa.select(schema.rollout).where(schema.rollout.c.unit == "clinic")
            ).all()
            served = sa.select(schema.in_force.c.rollout, schema.in_force.c.service)
            pairs = {tuple(pair) for pair in connection.execute(served.distinct())}
            trials = [
                (row, service)
                for row in rows
                for ref, service in sorted(pairs, key=str)
                if ref == row.ref
            ]
            for row, service in trials:
                current = current_of(connection, service)
                if current is None or current.rollout != row.ref:
                    continue
                open_still = now.date() <= dt.date.fromisoformat(row.enrolment_end)
                if current.in_trial or (current.state == "off" and open_still):
                    return True
        return False

    @property
    def _seed_folder(self) -> Path:
        return self.path.parent / "seeds"

    def _rollout_row(self, ref: str) -> sa.Row[Any]:
        query = sa.select(schema.rollout).where(schema.rollout.c.ref == ref)
        with reading(self.engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _unknown("rollout", ref)
        return row


def _insist_on_free(service: str, former: list[InForce]) -> None:
    if former and former[-1].state != "off":
        raise DefinitionError(
            f"The service {service!r} is already in force "
            f"(state {former[-1].state!r}).",
            code="service-taken",
            why="Another trial there would withdraw what patients get now.",
            remedies=(
                "Give the new knowledge object another service id.",
                "Decide on the running trial first.",
            ),
        )


def _unknown(what: str, ref: str) -> DataError:
    return DataError(
        f"There is no {what} {ref.partition('#')[0]!r} in this practice.",
        code="unknown-ref",
        remedies=("Check that this is the project where it was started.",),
    )
