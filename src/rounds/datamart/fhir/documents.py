"""Resources read one by one as JSON: Bundles, mixed files, files with a bad line.

Each record is a resource, an entry of a Bundle, or a deletion that an entry asks for
(`request.method` DELETE, as transactions, histories and the `deleted` files of a bulk
export have it). References by `urn:` are resolved within their file, which is always
loaded whole, so that it does not matter what is loaded beside it.

References
----------
https://hl7.org/fhir/R4/bundle.html
https://hl7.org/fhir/uv/bulkdata/STU2/export.html, response, output manifest `deleted`
"""

import duckdb

from rounds.datamart.fhir.paths import file_text, resources, text
from rounds.datamart.fhir.staging import Staging
from rounds.datamart.given.source_files import SourceFile
from rounds.datamart.mapping import mapping

__all__ = ["DELETE", "Documents"]

UNREADABLE = "(unreadable)"
UNKNOWN = "(unknown type)"
DELETE = "(delete)"
_LEAST_BUFFER = 1 << 20  # the engine takes several times as much for each thread
_IS_BUNDLE = "json->>'$.resourceType' = 'Bundle'"
_PACKED = 20  # how many times larger a gzip file may be when it is unpacked
_ENTRY = {
    "full_url": "entry->>'$.fullUrl'",
    "method": "entry->>'$.request.method'",
    "url": "entry->>'$.request.url'",
    "mode": "entry->>'$.search.mode'",
    "modified": "entry->>'$.response.lastModified'",
    "etag": "entry->>'$.response.etag'",
}
_REFERENCE = r"([A-Z][A-Za-z]+)/([^/?#|]+)(/_history/[^/]*)?$"


class Documents:
    """Reads JSON documents into the staging tables."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, staging: Staging) -> None:
        self._connection = connection
        self._staging = staging
        self._types = {row["resource"] for row in mapping("fhir_types")}
        self.n_read = 0

    def read(self, files: list[SourceFile]) -> None:
        """Read whole documents, many at once."""
        try:
            self._read(files)
        except duckdb.InvalidInputException:
            for file in files:  # one of them is broken: find it
                try:
                    self._read([file])
                except duckdb.InvalidInputException:
                    self._connection.execute(
                        "CREATE OR REPLACE TEMP TABLE document AS SELECT 1 AS place, "
                        f"{file.number} AS file_number, NULL::JSON AS json"
                    )
                    self._take(by_line=False)

    def read_lines(
        self,
        file: SourceFile,
        options: str,
        promised: str | None,
        too_long: tuple[int, ...] = (),
    ) -> None:
        """Read one document a line; what is not JSON has no effect on the others.

        Parameters
        ----------
        file : SourceFile
            The file.
        options : str
            How the engine is to read it.
        promised : str, optional
            The type that the file's name promises.
        too_long : tuple of int
            The records that were left out for their length.
        """
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE document AS SELECT row_number() OVER () AS "
            f"place, {file.number} AS file_number, json FROM read_ndjson_objects("
            f"{file_text(file.path)}, ignore_errors=true, {options})"
        )
        self._take(by_line=True, promised=promised, too_long=too_long)

    def _read(self, files: list[SourceFile]) -> None:
        compression = "gzip" if files[0].gzipped else "uncompressed"
        packed = _PACKED if files[0].gzipped else 1
        largest = max(_LEAST_BUFFER, *(file.size * packed + 1024 for file in files))
        paths = ", ".join(file_text(file.path) for file in files)
        numbers = ", ".join(f"({text(str(f.path))}, {f.number})" for f in files)
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE document AS SELECT row_number() OVER () "
            "AS place, file_number, json FROM read_json_objects("
            f"[{paths}], format='unstructured', filename=true, "
            f"compression='{compression}', maximum_object_size={largest}) "
            f"JOIN (VALUES {numbers}) AS t(filename, file_number) USING (filename)"
        )
        self._take(by_line=False)

    def _take(
        self,
        *,
        by_line: bool,
        promised: str | None = None,
        too_long: tuple[int, ...] = (),
    ) -> None:
        """Hand each record of `document` to its type's table, or set it aside."""
        # Made first: beside `unnest`, a Bundle would be parsed again for each entry.
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE bundle AS SELECT file_number, place, "
            "coalesce(json->>'$.timestamp', json->>'$.meta.lastUpdated') "
            "AS bundle_time, json->'$.entry[*]' AS entries "
            f"FROM document WHERE {_IS_BUNDLE}"
        )
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE record AS {_records(by_line=by_line)}"
        )
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE judged_record AS "
            f"{self._judged(promised, too_long)}"
        )
        self._connection.execute(
            "INSERT INTO reading SELECT file_number, kind, count(*) "
            "FROM judged_record GROUP BY ALL ORDER BY ALL"
        )
        self._connection.execute(
            "INSERT INTO problem SELECT file_number, record, kind, reason, true "
            "FROM judged_record WHERE reason IS NOT NULL"
        )
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE alias AS SELECT file_number, full_url AS "
            "alias, min(kind || '/' || id) AS target FROM judged_record "
            "WHERE full_url LIKE 'urn:%' AND id IS NOT NULL GROUP BY ALL"
        )
        aliased = bool(self._connection.execute("FROM alias LIMIT 1").fetchall())
        found = self._connection.execute(
            "SELECT target_type, kind, count(*), count(*) FILTER (reason IS NULL) "
            "FROM judged_record GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        for resource, kind, n, good in found:
            self.n_read += n
            if good and kind == DELETE:
                self._stage_deletes(resource)
            elif good:
                self._stage(resource, aliased=aliased)

    def _judged(self, promised: str | None, too_long: tuple[int, ...]) -> str:
        """Write what each record of `record` is: its type, id, and why it is not read.

        `target_type` is the type it speaks of, `kind` the type it is counted under.
        """
        known = ", ".join(text(each) for each in sorted(self._types))
        mapped = ", ".join(text(each) for each in resources())
        other = f"NOT in_bundle AND kind <> {text(promised)}" if promised else "false"
        long = ", ".join(map(str, too_long))
        is_long = f"json IS NULL AND record IN ({long})" if too_long else "false"
        named = f"regexp_extract(url, {text(_REFERENCE)}, "
        is_delete = "coalesce(method, '') = 'DELETE'"
        kind = (
            "CASE WHEN json_type(json, '$.resourceType') = 'VARCHAR' "
            f"THEN CASE WHEN json->>'$.resourceType' IN ({known}) "
            f"THEN json->>'$.resourceType' ELSE '{UNKNOWN}' END "
            f"ELSE '{UNREADABLE}' END"
        )
        given = (
            "coalesce(json->>'$.id', "
            "nullif(regexp_extract(full_url, '^urn:uuid:(.*)$', 1), ''))"
        )
        typed = (
            f"SELECT *, {is_delete} AS is_delete, CASE WHEN {is_delete} THEN "
            f"{named}1) ELSE {kind} END AS target_type, "
            f"CASE WHEN {is_delete} THEN {named}2) ELSE {given} END AS id FROM record"
        )
        kinded = (
            f"SELECT *, CASE WHEN is_delete THEN '{DELETE}' ELSE target_type END "
            f"AS kind FROM ({typed})"
        )
        return (
            f"SELECT *, CASE WHEN {is_long} THEN 'line too long' "
            "WHEN is_delete AND (coalesce(id, '') = '' OR contains(url, '?')) "
            "THEN 'delete without an id' "
            "WHEN json IS NULL AND NOT is_delete AND NOT in_bundle THEN 'not JSON' "
            f"WHEN kind = '{UNREADABLE}' THEN 'not a resource' "
            "WHEN mode = 'outcome' THEN 'outcome of a search' "
            f"WHEN target_type NOT IN ({known}) OR {other} THEN 'wrong resourceType' "
            f"WHEN target_type NOT IN ({mapped}) THEN 'unsupported type' "
            "WHEN id IS NULL THEN 'no id' END AS reason "
            f"FROM ({kinded})"
        )

    def _stage(self, resource: str, *, aliased: bool) -> None:
        flat = ", ".join(self._staging.flat(resource, "modified"))
        views = self._staging.views
        judged = (
            f"SELECT *, {views.wrong_type(resource, 'json')} AS wrong "
            f"FROM judged_record WHERE reason IS NULL AND kind = {text(resource)}"
        )
        given = "json"
        if views.computes(resource):  # and would fail at what is not of its type
            meta = "json_object('meta', json->'$.meta')"
            given = f"CASE WHEN wrong IS NULL THEN json ELSE {meta} END"
        shaped = (
            "SELECT file_number, record, id AS given_id, modified, wrong, "
            f"unnest(json_transform({given}, '{views.json_spec(resource)}')) "
            f"FROM ({judged})"
        )
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE given AS SELECT file_number, record, "
            "given_id AS id, 'value of the wrong type: ' || wrong AS fault, "
            f"{flat} FROM ({shaped})"
        )
        self._staging.insert(self._connection, resource, "given", aliased=aliased)

    def _stage_deletes(self, resource: str) -> None:
        version = r"nullif(regexp_extract(etag, '^(?:W/)?\"?([^\"]+)\"?$', 1), '')"
        self._staging.insert_deletes(
            self._connection,
            resource,
            "(SELECT id, coalesce(modified, bundle_time) AS updated, "
            f"{version} AS version, file_number, record FROM judged_record "
            f"WHERE reason IS NULL AND kind = '{DELETE}' "
            f"AND target_type = {text(resource)})",
        )


def _records(*, by_line: bool) -> str:
    """Write each resource of `document` by itself, the entries of Bundles too."""
    empty = ", ".join(f"NULL::VARCHAR AS {name}" for name in _ENTRY)
    entry = ", ".join(f"{value} AS {name}" for name, value in _ENTRY.items())
    place = (
        "place"
        if by_line
        else "row_number() OVER (PARTITION BY file_number ORDER BY place, part)"
    )
    unnested = (
        "SELECT file_number, place, bundle_time, unnest(entries) AS entry, "
        "unnest(range(1, len(entries) + 1)) AS part FROM bundle"
    )
    return (
        f"SELECT {place} AS record, * EXCLUDE (place, part) FROM ("
        f"SELECT file_number, place, 0 AS part, false AS in_bundle, {empty}, "
        "NULL::VARCHAR AS bundle_time, json FROM document "
        f"WHERE ({_IS_BUNDLE}) IS DISTINCT FROM true UNION ALL "
        f"SELECT file_number, place, part, true, {entry}, bundle_time, "
        f"entry->'$.resource' FROM ({unnested}))"
    )
