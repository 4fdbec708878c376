"""From FHIR files to staged rows, file by file.

Every file is first read typed and strictly, which is fast and refuses the whole file
at the first thing that is not as expected. A refused file is read again, line by line
as JSON (`fhir_documents`), so that each bad line is set aside with its reason and the
good ones load.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import duckdb

from rounds.datamart.fhir_documents import Documents
from rounds.datamart.fhir_lines import LONGEST_LINE, first_line, shortened
from rounds.datamart.fhir_paths import file_text, resources, text
from rounds.datamart.fhir_staging import Staging
from rounds.datamart.mapping import mapping
from rounds.datamart.source_files import BROKEN_GZIP, SourceFile, salvage

__all__ = ["FhirReader", "is_fhir_file", "promised_by_name"]

_DOCUMENTS = frozenset({".json"})
_EXTENSIONS = frozenset({".ndjson", ".jsonl", *_DOCUMENTS})
_TOGETHER = 200  # documents read by one statement
_USUAL = 16 << 20  # the engine reads twice this at a time, on each thread
_INTERIM = ("given", "document", "bundle", "record", "judged_record")  # may be large
_TOO_LONG = "maximum_object_size"  # what the engine's complaint names


def is_fhir_file(file: SourceFile) -> bool:
    """Tell whether a file's name says that it holds JSON."""
    return file.extension in _EXTENSIONS


def _type_in_name(file: SourceFile) -> str | None:
    """Give the resource type that a file's name promises, if it does."""
    stem = re.split(r"[^A-Za-z]", file.path.name, maxsplit=1)[0]
    types = {row["resource"] for row in mapping("fhir_types")}
    return stem if stem in types else None


def promised_by_name(file: SourceFile) -> str:
    """Give what a file's name says of its content: its type, lines or documents."""
    form = "documents" if file.extension in _DOCUMENTS else "lines"
    return f"{_type_in_name(file) or 'any type'}, {form}"


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

    def read(self, file: SourceFile) -> None:
        """Read one file, whatever it holds; documents wait for `finish`."""
        try:
            self._read(file)
        except duckdb.IOException as error:
            if not file.gzipped or "gzip" not in str(error).lower():
                raise
            self._read(salvage(file, self._spill()))

    def _spill(self) -> Path:
        found = self._connection.execute("SELECT current_setting('temp_directory')")
        return Path(found.fetchall()[0][0])

    def _read(self, file: SourceFile) -> None:
        is_line, kind = _first_type(file)
        if file.extension in _DOCUMENTS and (kind == "Bundle" or not is_line):
            self.bundles.add(file.number)
            alone = file.gzipped or file.size > LONGEST_LINE
            if alone or len(self._waiting) == _TOGETHER:
                self.finish()
            self._waiting.append(file)
            if alone:
                self.finish()
        elif kind in {None, "Bundle"} or not self._read_typed(file, str(kind)):
            self._read_lines(file)

    def finish(self) -> None:
        """Read the bundles and pretty-printed resources that wait, many at once."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._documents.read(waiting)
        for table in _INTERIM:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{table}")

    def _read_typed(self, file: SourceFile, kind: str) -> bool:
        """Read a file of one type strictly; say whether every line was as expected."""
        promised = _type_in_name(file)
        if kind not in self._types or promised not in (None, kind):
            return False
        mapped = kind in resources()
        read = {"resourceType": "VARCHAR"}
        if mapped:
            read = self._staging.views.struct_columns(kind)
        columns = ", ".join(f"'{name}': {text(of)}" for name, of in read.items())
        is_kind = f'"resourceType" IS NOT DISTINCT FROM {text(kind)}'
        given = "id" if mapped else "1"
        flat = self._staging.flat(kind) if mapped else []
        guarded = f"CASE WHEN {is_kind} THEN {given} ELSE error('') END AS id"
        chosen = [guarded, *flat]
        try:
            # No row is numbered here: that would be done on one thread.
            made = self._connection.execute(
                "CREATE OR REPLACE TEMP TABLE given AS "
                f"SELECT {', '.join(chosen)} FROM read_ndjson("
                f"{file_text(file.path)}, columns={{{columns}}}, {_options(file)})"
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            return False
        self._take_given(file, kind, int(made.fetchall()[0][0]))
        return True

    def _take_given(self, file: SourceFile, kind: str, n: int) -> None:
        """Stage what was read; rows of a table just made are numbered as written."""
        number = str(file.number)
        mapped = kind in resources()
        staged, why = 0, "unsupported type"
        if mapped:
            why = "no id"
            placed = (
                f"(SELECT {number} AS file_number, rowid + 1 AS record, "
                "NULL::VARCHAR AS fault, * FROM given)"
            )
            staged = self._staging.insert(self._connection, kind, placed)
        if staged < n:
            without = "WHERE id IS NULL" if mapped else ""
            self._connection.execute(
                f"INSERT INTO problem SELECT {number}, rowid + 1, {text(kind)}, "
                f"{text(why)}, true FROM given {without}"
            )
        self._n_typed += n
        self._connection.execute(
            "INSERT INTO reading VALUES (?, ?, ?)", [file.number, kind, n]
        )

    def _mapped_elements(self, kind: str) -> Iterable[str]:
        is_mapped = kind in resources()
        return self._staging.views.struct_columns(kind) if is_mapped else ()

    def _read_lines(self, file: SourceFile) -> None:
        """Read a file that is mixed, or has a bad line, line by line as JSON."""
        promised = _type_in_name(file)
        try:
            self._documents.read_lines(file, _options(file), promised)
        except duckdb.InvalidInputException as error:
            if _TOO_LONG not in str(error):
                raise
            short = shortened(
                file,
                self._spill(),
                usual=_USUAL,
                longest=LONGEST_LINE,
                wanted=self._mapped_elements,
            )
            options = _options(short.file, short.longest)
            self._documents.read_lines(
                short.file, options, promised, too_long=short.too_long
            )


def _options(file: SourceFile, longest: int = _USUAL) -> str:
    compression = "gzip" if file.gzipped else "uncompressed"
    return f"compression='{compression}', maximum_object_size={longest}"
