"""From FHIR files to staged rows, file by file.

Every file is first read typed and strictly (`typed`), which is fast and refuses
the whole file at the first thing that is not as expected. A refused file is read again,
line by line as JSON (`documents`), so that each bad line is set aside with its
reason and the good ones load.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import duckdb

from rounds.datamart.fhir.documents import Documents
from rounds.datamart.fhir.lines import LONGEST_LINE, first_line, shortened
from rounds.datamart.fhir.paths import resources
from rounds.datamart.fhir.staging import Staging
from rounds.datamart.fhir.typed import (
    USUAL,
    TypedFile,
    read_options,
    read_typed,
    type_in_name,
)
from rounds.datamart.given.source_files import BROKEN_GZIP, SourceFile, salvage
from rounds.datamart.mapping import mapping
from rounds.datamart.sources.base import Tell

__all__ = ["FhirReader", "is_fhir_file", "promised_by_name"]

_DOCUMENTS = frozenset({".json"})
_EXTENSIONS = frozenset({".ndjson", ".jsonl", *_DOCUMENTS})
_TOGETHER = 200  # documents read by one statement
_INTERIM = ("given", "document", "bundle", "record", "judged_record")  # may be large
_TOO_LONG = "maximum_object_size"  # what the engine's complaint names


def is_fhir_file(file: SourceFile) -> bool:
    """Tell whether a file's name says that it holds JSON."""
    return file.extension in _EXTENSIONS


def promised_by_name(file: SourceFile) -> str:
    """Give what a file's name says of its content: its type, lines or documents."""
    form = "documents" if file.extension in _DOCUMENTS else "lines"
    return f"{type_in_name(file) or 'any type'}, {form}"


def _first_type(file: SourceFile) -> tuple[bool, str | None]:
    """Look at the first line: is it a document by itself, and of which type?"""
    try:
        document = json.loads(first_line(file))
    except (ValueError, RecursionError, *BROKEN_GZIP):
        return False, None
    if not isinstance(document, dict):
        return True, None
    kind = document.get("resourceType")
    return True, kind if isinstance(kind, str) else None


def _is_documents(file: SourceFile, *, is_line: bool, kind: str | None) -> bool:
    return file.extension in _DOCUMENTS and (kind == "Bundle" or not is_line)


class FhirReader:
    """Reads the files of one load into the staging tables `stage_<resourceType>`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, staging: Staging) -> None:
        self._connection = connection
        self._staging = staging
        self._types = {row["resource"] for row in mapping("fhir_types")}
        self._documents = Documents(connection, staging)
        self._n_typed = 0
        self._waiting: list[SourceFile] = []
        self.bundles: set[int] = set()
        """Numbers of the files that hold documents, not lines."""
        staging.create(connection)

    @property
    def n_read(self) -> int:
        """How many resources were read so far."""
        return self._n_typed + self._documents.n_read

    def read(self, files: Iterable[SourceFile], tell: Tell) -> None:
        """Read files, whatever they hold; those that are as they should be, first."""
        typed, others = [], []
        for file in files:
            is_line, kind = _first_type(file)
            if self._is_typed(file, is_line=is_line, kind=kind):
                typed.append(TypedFile(file, str(kind)))
            else:
                others.append((file, is_line, kind))
        for each, found in read_typed(self._connection, self._staging, typed):
            if isinstance(found, int):
                self._count(each, found)
            elif isinstance(found, duckdb.IOException):
                others.append((salvage(each.file, self._spill()), True, None))
            else:
                others.append((each.file, True, None))
            tell(f"reading {each.file.label}", self.n_read)
        for file, is_line, kind in others:
            self._read_other(file, is_line=is_line, kind=kind)
            tell(f"reading {file.label}", self.n_read)
        self._read_waiting()
        for table in _INTERIM:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{table}")

    def _is_typed(self, file: SourceFile, *, is_line: bool, kind: str | None) -> bool:
        if _is_documents(file, is_line=is_line, kind=kind) or kind == "Bundle":
            return False
        return kind in self._types and type_in_name(file) in (None, kind)

    def _spill(self) -> Path:
        found = self._connection.execute("SELECT current_setting('temp_directory')")
        return Path(found.fetchall()[0][0])

    def _read_other(self, file: SourceFile, *, is_line: bool, kind: str | None) -> None:
        """Read a file of documents, or line by line; documents may wait for others."""
        try:
            if not _is_documents(file, is_line=is_line, kind=kind):
                self._read_lines(file)
                return
            self.bundles.add(file.number)
            alone = file.gzipped or file.size > LONGEST_LINE
            if alone or len(self._waiting) == _TOGETHER:
                self._read_waiting()
            self._waiting.append(file)
            if alone:
                self._read_waiting()
        except duckdb.IOException as error:
            if not file.gzipped or "gzip" not in str(error).lower():
                raise
            whole = salvage(file, self._spill())
            self._read_other(whole, is_line=is_line, kind=kind)

    def _read_waiting(self) -> None:
        """Read the bundles and pretty-printed resources that wait, many at once."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._documents.read(waiting)

    def _count(self, each: TypedFile, n: int) -> None:
        """Count what was read of one type; what has no table is set aside."""
        number = each.file.number
        if each.kind not in resources():
            self._connection.execute(
                "INSERT INTO problem SELECT ?, range, ?, 'unsupported type', true "
                "FROM range(1, ?)",
                [number, each.kind, n + 1],
            )
        self._n_typed += n
        self._connection.execute(
            "INSERT INTO reading VALUES (?, ?, ?)", [number, each.kind, n]
        )

    def _mapped_elements(self, kind: str) -> Iterable[str]:
        is_mapped = kind in resources()
        return self._staging.views.struct_columns(kind) if is_mapped else ()

    def _read_lines(self, file: SourceFile) -> None:
        """Read a file that is mixed, or has a bad line, line by line as JSON."""
        promised = type_in_name(file)
        try:
            self._documents.read_lines(file, read_options(file), promised)
        except duckdb.InvalidInputException as error:
            if _TOO_LONG not in str(error):
                raise
            short = shortened(
                file,
                self._spill(),
                usual=USUAL,
                longest=LONGEST_LINE,
                wanted=self._mapped_elements,
            )
            options = read_options(short.file, short.longest)
            self._documents.read_lines(
                short.file, options, promised, too_long=short.too_long
            )
