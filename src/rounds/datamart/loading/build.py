"""One part being built: tables made, filled by a source, and accounted for."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import duckdb

from rounds.datamart.cdm import create_tables
from rounds.datamart.deidentify import Deidentifier, DeidentifyPlan
from rounds.datamart.deidentify.file_places import FilePlaces
from rounds.datamart.fhir.flattening import Flattening
from rounds.datamart.fhir.paths import text
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.loading import problems
from rounds.datamart.loading.failures import (
    insist_on_mapped,
    insist_on_persons,
    insist_on_rows,
)
from rounds.datamart.loading.report import LoadReport
from rounds.datamart.sources import Held, Loaded, Source
from rounds.datamart.store.attach import attach_parts, attach_vocabulary
from rounds.datamart.store.counting import count_part, described_rows, rows_after
from rounds.datamart.store.engine import Settings
from rounds.datamart.store.manifest import FileInForce, Part, SourceInForce
from rounds.datamart.store.relations import described_source
from rounds.datamart.store.writing import Writer
from rounds.datamart.vocabulary import vocabulary_from_relations

__all__ = ["MAIN", "Build", "Given", "Progress"]

MAIN = "main"
"""The source that has no name of its own: its ids are not salted."""

_MADE = "part_in_the_making"

_SMALL = 8 << 20
"""Bytes of files up to which a part is not compressed.

Of 5 MB of parquet with 250,000 rows, a load took a seventh less processor time, and
reading three tables 2 ms more of 31; the part had 25 MB in place of 8. A merged part is
compressed.
"""

Progress: TypeAlias = Callable[[str, int, float], None]
"""Told what is being done, resources read so far, and resources a second."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a source gives to one part."""

    name: str
    """The source's."""
    loaded_from: str
    files: Sequence[SourceFile]
    plugin: Source


@dataclass(frozen=True, kw_only=True)
class Build:
    """One part of one source being made."""

    writer: Writer
    given: Given
    held: SourceInForce | None
    """What this load adds to; None for a whole one."""
    vocabulary: str
    settings: Settings
    progress: Progress | None
    started: float
    """A monotonic clock's reading, in seconds."""
    deidentify: DeidentifyPlan | None = None
    views: Flattening | None = None

    def run(self) -> tuple[SourceInForce, str]:
        """Build it; give the source as it is with it, and the vocabulary's id."""
        part_id, path = self.writer.new_part()
        before = self.held.parts if self.held else ()
        with duckdb.connect(config=self.settings) as connection:
            # A part is worth nothing after a crash, so it needs no log to mend it by.
            connection.execute(
                f"ATTACH {text(str(path))} AS {_MADE} (RECOVERY_MODE NO_WAL_WRITES); "
                f"USE {_MADE}"
            )
            if sum(file.size for file in self.given.files) <= _SMALL:
                connection.execute("SET force_compression = 'uncompressed'")
            connection.begin()
            create_tables(connection)
            problems.prepare(connection)
            connection.commit()
            attach_vocabulary(connection, self.writer, self.vocabulary)
            attach_parts(connection, self.writer, before)
            namespace = "" if self.given.name == MAIN else self.given.name
            plan = self.deidentify
            if plan:
                # It plans the long lists of codes for longer than they take to run.
                connection.execute("SET disabled_optimizers = 'in_clause'")
            away = Deidentifier(connection, plan, namespace) if plan else None
            held = Held(
                aliases=tuple(part.alias for part in before),
                namespace=namespace,
                deidentifier=away,
                views=self.views,
            )
            loaded = self.given.plugin.fill(
                connection, self.given.files, self._tell, held
            )
            if away and plan:
                away.finish()
                FilePlaces(plan).keep(self.given.files)
            vocabulary = self._brought(connection, loaded)
            if not self.given.plugin.adds:
                described = described_source(self.given.plugin.shape)
                connection.execute(
                    f"INSERT INTO cdm_source FROM ({described}) "
                    "WHERE NOT EXISTS (FROM cdm_source)"
                )
            _keep_files(connection, self.given.files)
            part = _part(connection, part_id, loaded, adds=self.given.plugin.adds)
            report = self._account(connection, loaded, part)
            rows = part.rows
            self._say_whom(connection)
            if self.held:
                rows = rows_after(connection, self.held, part)
            elif self.given.plugin.adds:
                rows |= described_rows(rows)
            report = replace(report, persons=rows["person"], rows=rows)
            waits = self.given.plugin.adds and _has_staged(connection)
            if not self.held and not waits and loaded.about_persons:
                insist_on_persons(self.given.loaded_from, report)
            connection.execute("CHECKPOINT")
        part = replace(part, bytes=path.stat().st_size)
        return self._in_force(part, report), vocabulary

    def _say_whom(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write whom this load touches, where that is not everybody."""
        place = self.writer.new_touched()
        place.unlink(missing_ok=True)
        if self.held:
            connection.execute(
                "COPY (SELECT DISTINCT person_id FROM touched ORDER BY ALL) "
                f"TO {text(str(place))} (FORMAT parquet)"
            )

    def _brought(self, connection: duckdb.DuckDBPyConnection, loaded: Loaded) -> str:
        """Join the vocabulary that a source brings to the one in force; give its id."""
        if not loaded.vocabulary:
            return self.vocabulary
        made = self.writer.building / "joined.duckdb"
        former = self.writer.vocabulary_path(self.vocabulary)
        report = vocabulary_from_relations(connection, loaded.vocabulary, made, former)
        if report.id == self.vocabulary:
            made.unlink()
        else:
            made.replace(self.writer.new_vocabulary(report.id))
        return report.id

    def _in_force(self, part: Part, report: LoadReport) -> SourceInForce:
        files = tuple(
            FileInForce(
                number=file.number,
                name=file.label,
                path="" if self.deidentify else _place_of(file),
                sha256=file.sha256,
                size=file.size,
                read_as=file.read_as,
            )
            for file in self.given.files
            if file.read_as is not None
        )
        before = self.held
        return SourceInForce(
            name=self.given.name,
            shape=self.given.plugin.shape,
            adds=self.given.plugin.adds,
            # A file may be named after a patient.
            loaded_from="" if self.deidentify else self.given.loaded_from,
            files=(*before.files, *files) if before else files,
            parts=(*before.parts, part) if before else (part,),
            places=before.places if before and not part.places else part.id,
            rows=report.rows,
            report=report.as_dict(),
        )

    def _tell(self, what: str, n: int) -> None:
        if self.progress is not None:
            seconds = max(time.monotonic() - self.started, 1e-9)
            self.progress(what, n, n / seconds)

    def _account(
        self, connection: duckdb.DuckDBPyConnection, loaded: Loaded, part: Part
    ) -> LoadReport:
        files = {file.number: file for file in self.given.files}
        problems.settle_lines(
            connection,
            files,
            entries=loaded.entries,
            header_lines=loaded.header_lines,
        )
        by_type = problems.type_counts(connection)
        for kind, count in by_type.items():
            assert count.read == count.mapped + count.set_aside, f"{kind}: {count}"
        insist_on_rows(part.rows, loaded.rows)
        if not self.held:
            insist_on_mapped(by_type, part.rows)
        found = [
            problems.reasons(connection, files, set_aside=aside, loaded=loaded)
            for aside in (True, False)
        ]
        return LoadReport(
            shape=self.given.plugin.shape,
            snapshot="",  # known when every source is counted in
            persons=0,
            by_type=by_type,
            reasons=found[0],
            remarks=found[1],
        )


def _place_of(file: SourceFile) -> str:
    return file.origin or str(file.path.absolute())


def _part(
    connection: duckdb.DuckDBPyConnection, part_id: str, loaded: Loaded, *, adds: bool
) -> Part:
    """Say what the part holds; its size is known when it is closed."""
    return Part(
        id=part_id,
        bytes=0,
        rows=count_part(connection),
        touched=_count(connection, "touched")
        if adds and _has_table(connection, "touched")
        else 0,
        places=loaded.places,
        place_locations=_count(
            connection,
            "location AS place ANTI JOIN person ON person_id = place.location_id",
        )
        if adds and loaded.places
        else 0,
    )


def _keep_files(
    connection: duckdb.DuckDBPyConnection, files: Sequence[SourceFile]
) -> None:
    connection.execute(
        "CREATE TABLE rounds_source_file "
        "(file_number INTEGER, name VARCHAR, sha256 VARCHAR, bytes BIGINT)"
    )
    connection.execute(
        "INSERT INTO rounds_source_file SELECT unnest($1::INTEGER[]), "
        "unnest($2::VARCHAR[]), unnest($3::VARCHAR[]), unnest($4::BIGINT[])",
        [
            [file.number for file in files],
            [file.label for file in files],
            [file.sha256 for file in files],
            [file.size for file in files],
        ],
    )


def _has_table(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = ? "
        "AND database_name = current_database()",
        [table],
    )
    return bool(found.fetchall())


def _has_staged(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether resources wait, kept, for persons that may come later."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = "
        "current_database() AND starts_with(table_name, 'stage_')"
    ).fetchall()
    return any(_count(connection, f'"{table}"') for (table,) in found)


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    counted: int = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][
        0
    ]
    return counted
