"""The datamart as it is read: one snapshot, whole, never written to here."""

import itertools
import json
import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import duckdb
import numpy as np

from rounds.datamart.cdm import key_of
from rounds.datamart.deidentify import Calendar, calendar_of_stamp
from rounds.datamart.derived import Derived
from rounds.datamart.fhir.paths import text
from rounds.datamart.loading.report import LoadReport
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.periods import event_dates
from rounds.datamart.store import (
    PartGoneError,
    Snapshot,
    SourceInForce,
    Store,
    attach,
    failures,
)
from rounds.datamart.store.areas import OWN_OBSERVATION, has_areas
from rounds.datamart.store.engine import engine_settings
from rounds.datamart.store.relations import relation
from rounds.datamart.vocabulary.concepts import FIRST_LOCAL
from rounds.nouns import Cohort, Ref
from rounds.nouns.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Datamart", "SourceStatus", "Status"]

_OPENED: Final = itertools.count()
_TRIES: Final = 20
"""How often a reader looks again when a file has just been removed."""


@dataclass(frozen=True)
class SourceStatus:
    """What one source has given."""

    name: str
    shape: str
    """`fhir`, `omop`, `csv` or `areas`."""
    loaded_from: str
    files: int
    """How many are in force."""
    parts: int
    """A base, and the increments after it."""


@dataclass(frozen=True)
class Status:
    """What a datamart holds."""

    snapshot: str
    number: int
    """The snapshot's place in the history, from 1."""
    made_at: str | None
    """When it was made, in ISO 8601, if that was said."""
    shape: str
    """That of the source; of several sources, each once."""
    loaded_from: str
    """The folders of the sources' last loads."""
    persons: int
    rows: dict[str, int]
    """Rows of each OMOP table."""
    first_date: date | None
    last_date: date | None
    unmapped_codes: int
    """Codes that no loaded vocabulary knows; each has a local concept."""
    sources: tuple[SourceStatus, ...] = ()


class Datamart:
    """A typed OMOP CDM 5.4, opened for reading.

    What is read is one snapshot, whole, whatever is loaded meanwhile.

    Examples
    --------
    >>> with Datamart.open(path) as datamart:  # doctest: +SKIP
    ...     datamart.status().persons
    615
    """

    def __init__(
        self, path: Path, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot
    ) -> None:
        self.path = path
        self._connection = connection
        self._derived = Derived(connection, keep=True)
        self._manifest = snapshot
        self.snapshot: str = snapshot.id
        """The id of what was loaded; the same files always give the same."""
        self.number: int = snapshot.number
        """The snapshot's place in the history, from 1."""
        self.calendar: Calendar = calendar_of_stamp(snapshot.deidentification)
        """What is known of dates: days, years, or days of nobody's calendar."""
        self.cohorts: dict[Ref, Cohort] = {}
        """The definitions that a measure may name; whoever opens it gives them."""
        self.stays: dict[Ref, tuple[str, tuple[str, ...]]] = {}
        """Of cohorts that were run: the query of their rows, and what is said."""
        self.secrets: Path = path.parent
        """Where the key and the codes of a de-identified datamart are: beside it."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        snapshot: int | str | None = None,
        threads: int | None = None,
    ) -> Self:
        """Open a datamart for reading.

        Parameters
        ----------
        path : Path
            Its folder.
        snapshot : int or str, optional
            The number or the id of a former snapshot; the one in force if not given.
        threads : int, optional
            Threads for the engine; by default as many as there are cores.

        Raises
        ------
        DataError
            If there is no datamart at the path, it is damaged, or the files of a former
            snapshot have been removed.
        DefinitionError
            If there is no such snapshot.
        SourceError
            If it may not be read.
        """
        store = Store(path)
        lost = ""
        try:
            for _ in range(_TRIES):
                wanted = _wanted(store, snapshot)
                try:
                    connection = _attached(store, wanted, threads)
                except PartGoneError as error:
                    lost = str(error)
                    if snapshot is not None:
                        raise _not_kept(store, wanted) from None
                    if store.current_number() == wanted.number:
                        break
                    continue  # Loads have gone on, and its files are no longer kept.
                return cls(store.path, connection, wanted)
        except OSError:
            raise failures.not_permitted(store.path) from None
        raise failures.damaged(store.path, f"{lost} is missing")

    @property
    def sources(self) -> tuple[SourceInForce, ...]:
        """Give what each source has given."""
        return self._manifest.sources

    def holds(self, source: SourceInForce, table: str, row_id: int) -> bool:
        """Tell whether a source gave the row of a table that has a primary key."""
        if table == "concept":
            return False
        found = self._connection.execute(
            f'SELECT 1 FROM {relation(source, table)} WHERE "{key_of(table)}" = ? '
            "LIMIT 1",
            [row_id],
        )
        return bool(found.fetchall())

    @property
    def kept(self) -> Path:
        """Give the folder where counts are kept from one snapshot to the next."""
        return self.path / "measures"

    def touched_since(self, number: int) -> "NDArray[np.int64] | None":
        """Give the `person_id` of those whom loads have touched since a snapshot.

        Returns
        -------
        array of int64 or None
            Sorted; None where anybody may have been touched.
        """
        files = Store(self.path).touched_since(number, self.number)
        if files is None:
            return None
        if not files:
            return np.array([], dtype=np.int64)
        listed = ", ".join(text(str(file)) for file in files)
        found = self._connection.execute(
            f"SELECT DISTINCT person_id FROM read_parquet([{listed}]) ORDER BY ALL"
        ).fetchnumpy()
        return np.asarray(found["person_id"], dtype=np.int64)

    def close(self) -> None:
        """Let go of the files."""
        self._derived.close()
        self._connection.close()

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
        return f"<datamart {self.snapshot}>"

    @property
    def made_on(self) -> date | None:
        """The day on which the snapshot was made, if the door that made it knew."""
        made = self._manifest.made_at
        return datetime.fromisoformat(made).date() if made else None

    def load_report(self, source: str | None = None) -> LoadReport:
        """Give the report of a source's last load; of the last load if none is named.

        Raises
        ------
        DataError
            If nothing has been loaded.
        """
        sources = self._manifest.sources
        last = self._manifest.made_by.removeprefix("load ")
        chosen = self._manifest.source(source or last) or next(iter(sources), None)
        if chosen is None:
            raise failures.missing(self.path)
        kept = dict(chosen.report)
        rows = self._manifest.rows
        kept |= {"snapshot": self.snapshot, "persons": rows["person"], "rows": rows}
        return LoadReport.from_dict(json.loads(json.dumps(kept)))

    def history(self) -> tuple[Snapshot, ...]:
        """Give every snapshot there was, newest first."""
        return Store(self.path).history()

    def status(self) -> Status:
        """Tell what the datamart holds."""
        manifest = self._manifest
        # A vintage's first day is no event of anybody's.
        own = {"observation": OWN_OBSERVATION} if has_areas(manifest) else {}
        first, last = self._one(
            f"SELECT min(first_day), max(last_day) FROM ({event_dates(own)})"
        )
        (unmapped,) = self._one(
            f"SELECT count(*) FROM concept WHERE concept_id >= {FIRST_LOCAL}"
        )
        rows = manifest.rows
        given = manifest.sources
        return Status(
            snapshot=self.snapshot,
            number=self.number,
            made_at=manifest.made_at,
            shape=", ".join(sorted({each.shape for each in given})),
            loaded_from=", ".join(sorted({each.loaded_from for each in given})),
            persons=rows.get("person", 0),
            rows={table: rows.get(table, 0) for table in cdm_tables()},
            first_date=first,
            last_date=last,
            unmapped_codes=unmapped,
            sources=tuple(
                SourceStatus(
                    name=each.name,
                    shape=each.shape,
                    loaded_from=each.loaded_from,
                    files=len(each.files),
                    parts=len(each.parts),
                )
                for each in given
            ),
        )

    def fingerprints(self) -> dict[str, str]:
        """Give a hash of the rows of each OMOP table, whatever their order."""
        found = {}
        for table in cdm_tables():
            n, mixed = self._one(
                f'SELECT count(*), sum(hash(t)::HUGEINT) FROM "{table}" AS t'
            )
            found[table] = f"{n}-{mixed or 0}"
        return found

    def _one(self, query: str) -> tuple[Any, ...]:
        return self._connection.execute(query).fetchall()[0]


def _wanted(store: Store, snapshot: int | str | None) -> Snapshot:
    wanted = store.current() if snapshot is None else store.read(snapshot)
    if wanted is None:
        raise failures.missing(store.path)
    return wanted


def _not_kept(store: Store, wanted: Snapshot) -> DataError:
    kept = [each.number for each in store.history() if store.is_kept(each)]
    return failures.snapshot_not_kept(store.path, wanted.number, kept)


def _attached(
    store: Store, wanted: Snapshot, threads: int | None
) -> duckdb.DuckDBPyConnection:
    # What is spilled is about persons: it stays in the datamart's folder, under this
    # process's name, so that the next load can remove what a killed reader left.
    spill = store.path / "spill" / f"{os.getpid()}-{next(_OPENED)}"
    connection = duckdb.connect(config=engine_settings(spill, threads=threads))
    try:
        attach(connection, store, wanted)
    except BaseException:
        connection.close()
        raise
    return connection
