"""From FHIR files to one flat table a resource type, each row with its place.

Every file is first read typed and strictly, which is fast and refuses the whole file
at the first thing that is not as expected. A refused file is read again, line by line
as JSON, so that each bad line is set aside with its reason and the good ones load.
"""

import json
import re
from pathlib import Path

import duckdb

from rounds.datamart.fhir_paths import (
    duckdb_type,
    expressions,
    json_spec,
    resources,
    schema,
    text,
    wrong_type,
)
from rounds.datamart.mapping import mapping
from rounds.datamart.source_files import (
    BROKEN_GZIP,
    SourceFile,
    open_text,
    salvage,
)

__all__ = ["FhirReader", "is_fhir_file"]

UNREADABLE = "(unreadable)"
UNKNOWN = "(unknown type)"
_EXTENSIONS = frozenset({".ndjson", ".jsonl", ".json"})
_LONGEST_LINE = 64 << 20
_TOGETHER = 200  # documents read by one statement


def is_fhir_file(file: SourceFile) -> bool:
    """Tell whether a file's name says that it holds JSON."""
    return file.extension in _EXTENSIONS


def _type_in_name(file: SourceFile) -> str | None:
    """Give the resource type that a file's name promises, if it does."""
    stem = re.split(r"[^A-Za-z]", file.path.name, maxsplit=1)[0]
    types = {row["resource"] for row in mapping("fhir_types")}
    return stem if stem in types else None


def _first_type(file: SourceFile) -> tuple[bool, str | None]:
    """Look at the first line: is it a document by itself, and of which type?"""
    try:
        with open_text(file) as stream:
            first = next((line for line in stream if not line.isspace()), "")
        document = json.loads(first)
    except (ValueError, *BROKEN_GZIP):
        return False, None
    if not isinstance(document, dict):
        return True, None
    kind = document.get("resourceType")
    return True, kind if isinstance(kind, str) else None


class FhirReader:
    """Reads the files of one source into staging tables `stage_<resourceType>`."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, systems: tuple[str, ...]
    ) -> None:
        self._connection = connection
        self._systems = systems
        self._types = {row["resource"] for row in mapping("fhir_types")}
        self.n_read = 0
        self._waiting: list[SourceFile] = []
        self.bundles: set[int] = set()
        """Numbers of the files that hold documents, not lines."""
        for resource in resources():
            empty = f"SELECT unnest(json_transform('{{}}', '{self._spec(resource)}'))"
            flat = self._flat(resource, "0::INTEGER", "0::BIGINT")
            connection.execute(
                f"CREATE TEMP TABLE stage_{resource} AS {flat} FROM ({empty}) LIMIT 0"
            )
        connection.execute("CREATE TEMP TABLE alias (alias VARCHAR, target VARCHAR)")

    @staticmethod
    def _spec(resource: str) -> str:
        return json_spec(schema(resource))

    def _flat(self, resource: str, file_number: str, record: str) -> str:
        columns = [
            f"{file_number} AS file_number",
            f"{record} AS record",
            '"resourceType" AS resource_type',
            "id",
            'meta."lastUpdated" AS updated',
            *expressions(resource, self._systems),
        ]
        return f"SELECT {', '.join(columns)}"

    def read(self, file: SourceFile) -> None:
        """Read one file, whatever it holds; documents wait for `finish`."""
        try:
            self._read(file)
        except duckdb.IOException as error:
            if not file.gzipped or "gzip" not in str(error).lower():
                raise
            spill = self._connection.execute(
                "SELECT current_setting('temp_directory')"
            ).fetchall()[0][0]
            self._read(salvage(file, Path(spill)))

    def _read(self, file: SourceFile) -> None:
        is_line, kind = _first_type(file)
        if kind == "Bundle" or (file.extension == ".json" and not is_line):
            self.bundles.add(file.number)
            alone = file.gzipped or file.size > _LONGEST_LINE
            if alone or len(self._waiting) == _TOGETHER:
                self.finish()
            self._waiting.append(file)
            if alone:
                self.finish()
        elif kind is None or not self._read_typed(file, kind):
            self._read_lines(file)

    def _read_typed(self, file: SourceFile, kind: str) -> bool:
        """Read a file of one type strictly; say whether every line was as expected."""
        promised = _type_in_name(file)
        if kind not in self._types or promised not in (None, kind):
            return False
        mapped = kind in resources()
        tree = schema(kind) if mapped else {"resourceType": "VARCHAR"}
        columns = ", ".join(
            f"'{name}': {text(duckdb_type(sub))}" for name, sub in tree.items()
        )
        lines = (
            f"read_ndjson({text(str(file.path))}, columns={{{columns}}}, "
            f"{self._options(file)})"
        )
        number = str(file.number)
        target = f"stage_{kind}" if mapped else "problem"
        flat = (
            self._flat(kind, number, "row_number() OVER ()")
            if mapped
            else f'SELECT {number}, row_number() OVER (), "resourceType", '
            "'unsupported type', true"
        )
        try:
            self._connection.execute(f"INSERT INTO {target} {flat} FROM {lines}")
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            return False
        of_file = f"FROM {target} WHERE file_number = {number}"
        other, n = self._connection.execute(
            f"SELECT count(*) FILTER (resource_type IS DISTINCT FROM {text(kind)}), "
            f"count(*) {of_file}"
        ).fetchall()[0]
        if other:
            self._connection.execute(f"DELETE {of_file}")
            return False
        self._count(number, kind, n)
        return True

    @staticmethod
    def _options(file: SourceFile) -> str:
        compression = "gzip" if file.gzipped else "uncompressed"
        return f"compression='{compression}', maximum_object_size={_LONGEST_LINE}"

    def _count(self, number: str, kind: str, n: int) -> None:
        self.n_read += n
        self._connection.execute(
            "INSERT INTO reading VALUES (?, ?, ?)", [int(number), kind, n]
        )

    def _read_lines(self, file: SourceFile) -> None:
        """Read a file that is mixed, or has a bad line, line by line as JSON."""
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE raw AS SELECT "
            f"{file.number} AS file_number, row_number() OVER () AS record, "
            "NULL::VARCHAR AS full_url, json FROM read_ndjson_objects("
            f"{text(str(file.path))}, ignore_errors=true, {self._options(file)})"
        )
        self._sort_raw(_type_in_name(file))

    def finish(self) -> None:
        """Read the bundles and pretty-printed resources that wait, many at once."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            self._read_documents(waiting)
        except duckdb.InvalidInputException:
            for file in waiting:  # one of them is broken: find it
                try:
                    self._read_documents([file])
                except duckdb.InvalidInputException:
                    self._connection.execute(
                        "CREATE OR REPLACE TEMP TABLE raw AS SELECT "
                        f"{file.number} AS file_number, 1 AS record, "
                        "NULL::VARCHAR AS full_url, NULL::JSON AS json"
                    )
                    self._sort_raw(None)

    def _read_documents(self, files: list[SourceFile]) -> None:
        compression = "gzip" if files[0].gzipped else "uncompressed"
        packed = 20 if files[0].gzipped else 1
        largest = max(_LONGEST_LINE, *(file.size * packed + 1024 for file in files))
        paths = ", ".join(text(str(file.path)) for file in files)
        numbers = ", ".join(f"({text(str(f.path))}, {f.number})" for f in files)
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE document AS SELECT row_number() OVER () "
            "AS place, file_number, json FROM read_json_objects("
            f"[{paths}], format='unstructured', filename=true, "
            f"compression='{compression}', maximum_object_size={largest}) "
            f"JOIN (VALUES {numbers}) AS t(filename, file_number) USING (filename)"
        )
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE raw AS SELECT file_number, row_number() OVER "
            "(PARTITION BY file_number ORDER BY place, part) AS record, full_url, json "
            "FROM (SELECT file_number, place, 0 AS part, NULL AS full_url, json "
            "FROM document WHERE json->>'$.resourceType' IS DISTINCT FROM 'Bundle' "
            "UNION ALL SELECT file_number, place, part, entry->>'$.fullUrl', "
            "entry->'$.resource' FROM (SELECT file_number, place, "
            "unnest(json->'$.entry[*]') AS entry, "
            "unnest(range(1, len(json->'$.entry[*]') + 1)) AS part FROM document "
            "WHERE json->>'$.resourceType' = 'Bundle'))"
        )
        self._sort_raw(None)

    def _sort_raw(self, promised: str | None) -> None:
        """Hand each record of `raw` to its type's table, or set it aside."""
        self._judge_raw(promised)
        self._connection.execute(
            "INSERT INTO reading SELECT file_number, kind, count(*) "
            "FROM judged_raw GROUP BY ALL ORDER BY ALL"
        )
        found = self._connection.execute(
            "SELECT kind, count(*), count(*) FILTER (reason IS NULL) "
            "FROM judged_raw GROUP BY 1 ORDER BY 1"
        ).fetchall()
        for kind, n, good in found:
            self.n_read += n
            if good and kind in resources():
                self._insert_good(kind)
        self._connection.execute(
            "INSERT INTO alias SELECT full_url, kind || '/' || id FROM judged_raw "
            "WHERE full_url LIKE 'urn:%' AND id IS NOT NULL"
        )
        self._connection.execute(
            "INSERT INTO problem SELECT file_number, record, kind, reason, true "
            "FROM judged_raw WHERE reason IS NOT NULL"
        )

    def _judge_raw(self, promised: str | None) -> None:
        known = ", ".join(text(each) for each in sorted(self._types))
        mapped = ", ".join(text(each) for each in resources())
        other = f"kind <> {text(promised)}" if promised else "false"
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE judged_raw AS SELECT *, CASE "
            "WHEN json IS NULL THEN 'not JSON' "
            f"WHEN kind = '{UNREADABLE}' THEN 'not a resource' "
            f"WHEN kind NOT IN ({known}) OR {other} THEN 'wrong resourceType' "
            f"WHEN kind NOT IN ({mapped}) THEN 'unsupported type' END AS reason FROM ("
            "SELECT file_number, record, full_url, json, coalesce(json->>'$.id', "
            "nullif(regexp_extract(full_url, '^urn:uuid:(.*)$', 1), '')) AS id, "
            "CASE WHEN json_type(json, '$.resourceType') = 'VARCHAR' "
            f"THEN CASE WHEN json->>'$.resourceType' IN ({known}) "
            f"THEN json->>'$.resourceType' ELSE '{UNKNOWN}' END "
            f"ELSE '{UNREADABLE}' END AS kind FROM raw)"
        )

    def _insert_good(self, kind: str) -> None:
        mine = f"kind = {text(kind)}"
        self._connection.execute(
            "UPDATE judged_raw SET reason = 'value of the wrong type: ' || "
            f"{wrong_type(kind, 'json')} WHERE reason IS NULL AND {mine}"
        )
        flat = self._flat(kind, "file_number", "record")
        shaped = (
            "SELECT file_number, record, id AS given_id, unnest(json_transform(json, "
            f"'{self._spec(kind)}')) FROM judged_raw WHERE reason IS NULL AND {mine}"
        )
        self._connection.execute(
            f"INSERT INTO stage_{kind} {flat} FROM (SELECT * EXCLUDE (id, given_id), "
            f"given_id AS id FROM ({shaped}))"
        )
