"""The files that a view is run over: which are read typed, which line by line as JSON.

Every file is scanned once for the types that it holds. A file that the typed reading
refuses is read again as JSON, so that a bad line is set aside with its reason and the
good ones are not lost.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from rounds.datamart.fhir.paths import file_text
from rounds.datamart.sql_on_fhir.shape import quoted, text
from rounds.datamart.sql_on_fhir.view import CompiledView
from rounds.nouns.errors import DataError, SourceError

__all__ = ["EXTENSIONS", "ResourceFiles", "find_files"]

EXTENSIONS = (".ndjson", ".jsonl", ".json")
_LONGEST_LINE = 64 << 20
_USUAL_LINE = 16 << 20  # the engine holds twice this at a time, on each thread
_GZIP = b"\x1f\x8b"


def find_files(source: Path) -> tuple[Path, ...]:
    """List the FHIR files of a folder and the folders in it, or the one that is given.

    Raises
    ------
    SourceError
        If there is no such folder, or it cannot be read.
    DataError
        If no file in it is named as FHIR is.
    """
    try:
        found = sorted(_walk(source)) if source.is_dir() else [source]
        missing = not source.exists()
    except OSError as error:
        raise SourceError(
            f"{source} cannot be read: {error.strerror}.",
            code="source-not-readable",
            why="A view that skips what it may not read would give wrong rows.",
            remedies=("Ask the folder's owner for read permission (r and x).",),
        ) from None
    if missing:
        raise SourceError(
            f"There is no folder at {source}.",
            code="source-missing",
            why="A view needs resources to be run over.",
            remedies=("Check the path for a typing slip.",),
        )
    if not found:
        raise DataError(
            f"No file in {source} ends in {', '.join(EXTENSIONS)}, plain or .gz.",
            code="source-not-recognised",
            why="FHIR files are told by their names.",
            remedies=("Give a folder of FHIR R4 as NDJSON or as Bundles.",),
        )
    return tuple(found)


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.name.lower().removesuffix(".gz").endswith(EXTENSIONS):
            yield path


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP


def _is_document(path: Path) -> bool:
    """Tell by its name whether a file may be one document on many lines."""
    return path.name.lower().removesuffix(".gz").endswith(".json")


@dataclass
class ResourceFiles:
    """The resources of one type in some files, as relations for a view."""

    connection: duckdb.DuckDBPyConnection
    view: CompiledView
    typed: list[Path] = field(default_factory=list)
    set_aside: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many lines, by file and reason."""
    n_read: int = 0
    """How many resources of the type."""
    n_other: int = 0
    """How many resources of other types."""
    _typed_counts: dict[Path, int] = field(default_factory=dict)
    _gzipped: dict[Path, bool] = field(default_factory=dict)

    def look_into(self, files: Sequence[Path]) -> None:
        """Count what each file holds, and read as JSON what cannot be read typed."""
        self.connection.execute("CREATE OR REPLACE TABLE good (json JSON)")
        for path in files:
            self._gzipped[path] = _is_gzip(path)
            kinds = self._kinds(path)
            if kinds is None or ("Bundle" in kinds and self._takes_bundles_apart):
                self.read_as_json(path)
                continue
            n = kinds.pop(self.view.resource, 0)
            nothing = kinds.pop(None, 0)
            if nothing:
                self.set_aside[path.name, "not a resource"] += nothing
            self.n_other += sum(kinds.values())
            self.n_read += n
            if n:
                self.typed.append(path)
                self._typed_counts[path] = n

    @property
    def _takes_bundles_apart(self) -> bool:
        return self.view.resource != "Bundle"

    def _kinds(self, path: Path) -> dict[str | None, int] | None:
        """Count the lines of each type; None if a line of the file is not JSON."""
        lines = self._lines([path], {"resourceType": "VARCHAR"})
        try:
            found = self.connection.execute(
                f'SELECT "resourceType", count(*) FROM {lines} GROUP BY 1'
            ).fetchall()
        except duckdb.InvalidInputException:
            return None
        except duckdb.IOException:
            raise self._damaged(path) from None
        return dict(found)

    def _lines(self, paths: Sequence[Path], columns: dict[str, str]) -> str:
        spec = ", ".join(f"{text(name)}: {text(of)}" for name, of in columns.items())
        return (
            f"read_ndjson([{', '.join(file_text(path) for path in paths)}], "
            f"columns={{{spec}}}, {self._options(paths[0])})"
        )

    def _options(self, path: Path, longest: int = _USUAL_LINE) -> str:
        compression = "gzip" if self._gzipped[path] else "uncompressed"
        return f"compression='{compression}', maximum_object_size={longest}"

    @staticmethod
    def _damaged(path: Path) -> SourceError:
        return SourceError(
            f"{path} cannot be read to its end.",
            code="view-source-damaged",
            why="Rows from a part of a file would pass for all of them. It is cut off, "
            f"or holds a resource of more than {_LONGEST_LINE >> 20} MB.",
            remedies=(
                "Copy or export the file again; a gzip file may have been cut off.",
                "Leave it out of the folder, if it is not needed.",
            ),
        )

    def read_as_json(self, path: Path) -> None:
        """Read one file line by line, or as one document, and judge each resource."""
        if path in self.typed:
            self.typed.remove(path)
            self.n_read -= self._typed_counts.pop(path)
        try:
            self._load_raw(path)
        except duckdb.InvalidInputException:
            if not _is_document(path):
                raise self._damaged(path) from None
            self.set_aside[path.name, "not JSON: the whole file"] += 1
            return
        except duckdb.IOException:
            raise self._damaged(path) from None
        resource = text(self.view.resource)
        self.connection.execute(
            "CREATE OR REPLACE TABLE judged AS SELECT json, CASE "
            "WHEN json IS NULL THEN 'not JSON' WHEN coalesce(json_type(json, "
            "'$.resourceType'), '') <> 'VARCHAR' THEN 'not a resource' "
            f"WHEN json->>'$.resourceType' <> {resource} THEN 'other' "
            f"ELSE 'value of the wrong type: ' || {self.view.wrong_type('json')} END "
            "AS reason FROM raw"
        )
        counts = self.connection.execute(
            "SELECT reason, count(*) FROM judged GROUP BY 1"
        ).fetchall()
        for reason, n in counts:
            if reason == "other":
                self.n_other += n
            elif reason is not None:
                self.set_aside[path.name, reason] += n
            self.n_read += n if reason is None or ":" in reason else 0
        self.connection.execute(
            "INSERT INTO good SELECT json FROM judged WHERE reason IS NULL"
        )

    def _load_raw(self, path: Path) -> None:
        place = file_text(path)
        options = self._options(path, _LONGEST_LINE)
        read = f"read_ndjson_objects({place}, ignore_errors=true, {options})"
        whole = "json->>'$.resourceType' IS DISTINCT FROM 'Bundle'"
        whole = whole if self._takes_bundles_apart else "true"
        if _is_document(path):
            size = max(_LONGEST_LINE, path.stat().st_size * 20 + 1024)
            options = self._options(path, size)
            read = f"read_json_objects({place}, format='unstructured', {options})"
        self.connection.execute(
            "CREATE OR REPLACE TABLE raw AS WITH line AS MATERIALIZED "
            f"(SELECT json FROM {read}) SELECT json FROM line WHERE {whole} UNION ALL "
            "SELECT json FROM (SELECT unnest(json->'$.entry[*].resource') AS json "
            f"FROM line WHERE NOT ({whole}))"
        )

    def relation(self) -> str:
        """Write all good resources of the type as one relation."""
        columns = self.view.struct_columns
        names = ", ".join(quoted(name) for name in columns)
        parts = [f"SELECT {names} FROM ({self._good()})"]
        for gzipped in (False, True):
            paths = [path for path in self.typed if self._gzipped[path] is gzipped]
            if paths:
                parts.append(f"SELECT {names} FROM {self._lines(paths, columns)}")
        return f"({' UNION ALL '.join(parts)})"

    def _good(self) -> str:
        spec = text(self.view.json_spec)
        return f"SELECT unnest(from_json(json, {spec})) FROM good"

    def typed_relation(self, path: Path) -> str:
        """Write the resources of one file that is read typed."""
        return self._lines([path], self.view.struct_columns)
