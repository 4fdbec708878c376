"""The datamart as it is read: one DuckDB file, never written to here."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from rounds.datamart.concepts import FIRST_LOCAL
from rounds.datamart.derived import Derived
from rounds.datamart.load_report import LoadReport
from rounds.datamart.mapping import cdm_tables
from rounds.datamart.periods import event_dates
from rounds.nouns.errors import DataError

__all__ = ["Datamart", "Status"]


@dataclass(frozen=True)
class Status:
    """What a datamart holds."""

    snapshot: str
    shape: str
    """`fhir` or `omop`."""
    loaded_from: str
    persons: int
    rows: dict[str, int]
    """Rows of each OMOP table."""
    first_date: date | None
    last_date: date | None
    unmapped_codes: int
    """Codes that no loaded vocabulary knows; each has a local concept."""


class Datamart:
    """A typed OMOP CDM 5.4, opened for reading.

    Examples
    --------
    >>> with Datamart.open(path) as datamart:  # doctest: +SKIP
    ...     datamart.status().persons
    615
    """

    def __init__(
        self,
        path: Path,
        connection: duckdb.DuckDBPyConnection,
        *,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self._connection = connection
        self._derived = Derived(connection, keep=read_only)
        kept = connection.execute(
            "SELECT snapshot, shape, loaded_from, report FROM rounds_snapshot"
        ).fetchall()[0]
        self.snapshot: str = kept[0]
        """The id of what was loaded; the same files always give the same."""
        self._shape, self._loaded_from, self._report = kept[1:]

    @classmethod
    def open(cls, path: Path, *, threads: int | None = None) -> Self:
        """Open a datamart for reading.

        Parameters
        ----------
        path : Path
            Its DuckDB file.
        threads : int, optional
            Threads for the engine; by default as many as there are cores.

        Raises
        ------
        DataError
            If there is no datamart at the path.
        """
        path = Path(path)
        config: dict[str, str | bool | int | float | list[str]] = (
            {"threads": threads} if threads else {}
        )
        try:
            connection = duckdb.connect(str(path), read_only=True, config=config)
            return cls(path, connection, read_only=True)
        except (duckdb.Error, OSError, IndexError):
            raise DataError(
                f"There is no datamart at {path}.",
                code="datamart-missing",
                why="Measures are computed from a datamart.",
                remedies=(
                    "Load one: rounds data load FOLDER.",
                    "Make a project with one: rounds init DIR --from FOLDER.",
                ),
            ) from None

    def close(self) -> None:
        """Let go of the file."""
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

    def load_report(self) -> LoadReport:
        """Give the report of the load that made this datamart."""
        return LoadReport.from_dict(json.loads(self._report))

    def status(self) -> Status:
        """Tell what the datamart holds."""
        report = self.load_report()
        first, last = self._one(
            f"SELECT min(first_day), max(last_day) FROM ({event_dates()})"
        )
        (unmapped,) = self._one(
            f"SELECT count(*) FROM concept WHERE concept_id >= {FIRST_LOCAL}"
        )
        return Status(
            snapshot=self.snapshot,
            shape=self._shape,
            loaded_from=self._loaded_from,
            persons=report.persons,
            rows=report.rows,
            first_date=first,
            last_date=last,
            unmapped_codes=unmapped,
        )

    def vocabulary_fingerprint(self) -> str:
        """Give a hash of the concepts that are not local; empty if there are none."""
        n, mixed = self._one(
            "SELECT count(*), bit_xor(hash(concept)) FROM concept "
            f"WHERE concept_id < {FIRST_LOCAL}"
        )
        return f"{n}-{mixed}" if n else ""

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
