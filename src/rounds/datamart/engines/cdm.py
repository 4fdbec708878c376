"""An OMOP CDM that is already there, opened for reading by one of the engines."""

import hashlib
from datetime import date
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from rounds.datamart.datamart import Datamart, Status
from rounds.datamart.deidentify.plan import Calendar
from rounds.datamart.engines.base import Engine
from rounds.nouns import Cohort, Ref

__all__ = ["AnyDatamart", "CdmDatabase"]

_SOURCE: Final = (
    "cdm_source_name",
    "source_release_date",
    "cdm_release_date",
    "cdm_version",
    "vocabulary_version",
)
_MAY_CHANGE: Final = (
    "The data were read where they are, in a database that may change: the same "
    "question may have another answer tomorrow."
)


class CdmDatabase:
    """A CDM in a database of others: read as it is, and answered like a datamart.

    Parameters
    ----------
    engine : Engine
        Open.
    place : str
        What is said of the database: no user, no password.

    Notes
    -----
    Its `snapshot` names what the database says of itself (`cdm_source`) and how many
    persons and visits it holds from when to when. A row that changes in place leaves
    the name as it is: who needs a state that can be read again loads it.
    """

    number = 0
    """No snapshots are numbered."""
    made_on: date | None = None
    calendar: Calendar = "day"
    limitations: tuple[str, ...] = (_MAY_CHANGE,)

    def __init__(self, engine: Engine, place: str) -> None:
        self._derived = engine
        self.place = place
        self.cohorts: dict[Ref, Cohort] = {}
        """The definitions that a measure may name; whoever opens it gives them."""
        self.stays: dict[Ref, tuple[str, tuple[str, ...]]] = {}
        """Of cohorts that were run: the query of their rows, and what is said."""

    @cached_property
    def snapshot(self) -> str:
        """The hash of what the database says of its state."""
        told = [self.place, self._extent]
        if self._derived.holds("cdm_source"):
            told += self._derived.ask(
                f"SELECT {', '.join(_SOURCE)} FROM cdm_source "
                f"ORDER BY {', '.join(_SOURCE)}"
            )
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @cached_property
    def _extent(self) -> tuple[Any, ...]:
        ((persons,),) = self._derived.ask("SELECT count(*) AS n FROM person")
        (visits,) = self._derived.ask(
            "SELECT count(*) AS n, min(visit_start_date) AS first_day, "
            "max(visit_start_date) AS last_day FROM visit_occurrence"
        )
        return (persons, *visits)

    def status(self) -> Status:
        """Tell what the database holds: its persons, its visits, and their days."""
        persons, visits, first, last = self._extent
        return Status(
            snapshot=self.snapshot,
            number=self.number,
            made_at=None,
            shape="omop",
            loaded_from=self.place,
            persons=persons,
            rows={"person": persons, "visit_occurrence": visits},
            first_date=first,
            last_date=last,
            unmapped_codes=0,
        )

    def close(self) -> None:
        """Let go of the database."""
        self._derived.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<cdm {self.place}>"


AnyDatamart: TypeAlias = Datamart | CdmDatabase
"""Whatever measures can be run on: the project's own datamart, or a CDM elsewhere."""
