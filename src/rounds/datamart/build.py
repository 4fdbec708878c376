"""A datamart being built: tables made, filled by a source, and accounted for."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb

from rounds.datamart import problems
from rounds.datamart.cdm import create_tables
from rounds.datamart.concepts import FIRST_LOCAL
from rounds.datamart.fhir_paths import text
from rounds.datamart.load_failures import insist_on_persons, insist_on_rows
from rounds.datamart.load_report import LoadReport, TypeCount
from rounds.datamart.mapping import cdm_tables, mapping_version
from rounds.datamart.periods import describe_source
from rounds.datamart.source_files import SourceFile
from rounds.datamart.sources import Loaded, Source
from rounds.nouns.errors import DataError

__all__ = ["Build", "Progress"]

Progress: TypeAlias = Callable[[str, int, float], None]
"""Told what is being done, resources read so far, and resources a second."""


@dataclass(frozen=True, kw_only=True)
class Build:
    """One datamart being made in a file of its own."""

    source: Path
    files: Sequence[SourceFile]
    plugin: Source
    snapshot: str
    path: Path
    """The file that is being made."""
    threads: int | None
    progress: Progress | None
    started: float
    """A monotonic clock's reading, in seconds."""

    def run(self, former: Path | None) -> LoadReport:
        """Build it whole, and give its report.

        Parameters
        ----------
        former : Path, optional
            A datamart whose vocabulary is taken over.
        """
        config: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": str(self.path.with_suffix(".spill"))
        }
        if self.threads:
            config["threads"] = self.threads
        connection = duckdb.connect(str(self.path), config=config)
        try:
            connection.begin()
            create_tables(connection)
            problems.prepare(connection)
            connection.commit()
            if former is not None:
                _take_vocabulary(connection, former)
            loaded = self.plugin.fill(connection, self.files, self._tell)
            describe_source(connection, self.plugin.shape)
            report = self._account(connection, loaded)
            insist_on_persons(self.source, report)
            insist_on_rows(report, loaded.rows)
            self._keep(connection, report)
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        return report

    def _tell(self, what: str, n: int) -> None:
        if self.progress is not None:
            seconds = max(time.monotonic() - self.started, 1e-9)
            self.progress(what, n, n / seconds)

    def _account(
        self, connection: duckdb.DuckDBPyConnection, loaded: Loaded
    ) -> LoadReport:
        entries, files = loaded.entries, self.files
        problems.settle_lines(
            connection, files, entries=entries, header_lines=loaded.header_lines
        )
        by_type = problems.type_counts(connection)
        for kind, count in by_type.items():
            assert count.read == count.mapped + count.set_aside, f"{kind}: {count}"
        counts = " UNION ALL ".join(
            f"SELECT '{table}', count(*) FROM \"{table}\"" for table in cdm_tables()
        )
        counted = dict(connection.execute(counts).fetchall())
        rows = {table: counted[table] for table in cdm_tables()}
        _insist_on_rows(by_type, rows)
        found = [
            problems.reasons(connection, files, set_aside=aside, loaded=loaded)
            for aside in (True, False)
        ]
        return LoadReport(
            shape=self.plugin.shape,
            snapshot=self.snapshot,
            persons=rows["person"],
            by_type=by_type,
            reasons=found[0],
            remarks=found[1],
            rows=rows,
        )

    def _keep(self, connection: duckdb.DuckDBPyConnection, report: LoadReport) -> None:
        connection.execute(
            "CREATE TABLE rounds_source_file "
            "(file_number INTEGER, name VARCHAR, sha256 VARCHAR, bytes BIGINT)"
        )
        rows = [(f.number, f.name, f.sha256, f.size) for f in self.files]
        connection.executemany(
            "INSERT INTO rounds_source_file VALUES (?, ?, ?, ?)", rows
        )
        connection.execute(
            "CREATE TABLE rounds_snapshot AS SELECT ? AS snapshot, ? AS shape, "
            "? AS loaded_from, ? AS mapping_version, ? AS report",
            [
                report.snapshot,
                report.shape,
                str(self.source.absolute()),
                mapping_version(),
                json.dumps(report.as_dict()),
            ],
        )


def _take_vocabulary(connection: duckdb.DuckDBPyConnection, former: Path) -> None:
    connection.execute(f"ATTACH {text(str(former))} AS former (READ_ONLY)")
    connection.execute(
        "INSERT INTO concept SELECT * FROM former.concept "
        f"WHERE concept_id < {FIRST_LOCAL} ORDER BY concept_id"
    )
    connection.execute("DETACH former")


def _insist_on_rows(by_type: Mapping[str, TypeCount], rows: Mapping[str, int]) -> None:
    """See that every row counted as mapped is in its table.

    Of OMOP input each type is a table; of FHIR, persons are looked at.
    """
    least = {name: n.mapped for name, n in by_type.items() if name in rows}
    if "Patient" in by_type:
        least["person"] = by_type["Patient"].mapped
    lost = [name for name, n in least.items() if rows[name] < n]
    if lost:
        raise DataError(
            f"Rows were lost on their way into {', '.join(sorted(lost))}.",
            code="rows-lost",
            why="A datamart that lacks rows silently would answer wrongly.",
            remedies=("Report this fault; the former datamart has been kept.",),
        )
