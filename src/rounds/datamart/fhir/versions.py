"""Which version of a resource is in force, whatever the order of their arrival.

Versions are ordered totally: by the instant of `meta.lastUpdated` (absent lowest), then
`meta.versionId` (as a number if it is one), then a deletion before content, then a
hash of the content. The greatest is in force. That is a maximum, so loads may come in
any order and any number of times. What only the hash decides is a conflict, and said.
"""

from collections.abc import Sequence

import duckdb

from rounds.datamart.fhir.documents import DELETE
from rounds.datamart.fhir.paths import text
from rounds.datamart.fhir.scope import held_rows
from rounds.datamart.fhir.staging import staged_types
from rounds.nouns.errors import DataError

__all__ = ["settle_versions"]

_NO_CONTENT = frozenset(
    {"key", "id", "updated", "version", "deleted", "file_number", "record"}
)
_INSTANT = (
    "epoch_us(TRY_CAST(CASE WHEN regexp_matches(updated, '(Z|[+-][0-9:]{5})$') "
    "THEN updated ELSE updated || CASE WHEN contains(updated, 'T') THEN 'Z' "
    "ELSE 'T00:00:00Z' END END AS TIMESTAMPTZ))"
)
_NUMBER = "TRY_CAST(version AS UBIGINT)"
# A deletion that names no version is of whatever was there at its instant.
_KIND = (
    "CASE WHEN deleted AND version IS NULL THEN 3 "
    f"WHEN {_NUMBER} IS NOT NULL THEN 2 WHEN version IS NOT NULL THEN 1 ELSE 0 END"
)
_ORDER = ("instant", "version_kind", "version_number", "version_text", "deleted")


def settle_versions(connection: duckdb.DuckDBPyConnection, held: Sequence[str]) -> None:
    """Leave in the stage only what wins there and against what is held.

    Parameters
    ----------
    connection : DuckDBPyConnection
        The part that is being made, with everything staged.
    held : sequence of str
        The aliases of the parts that the source gave before, oldest first.

    Raises
    ------
    DataError
        If two different ids have one key, which chance all but excludes.
    """
    for resource in staged_types(connection):
        if _gather_repeated(connection, resource, held):
            _rank(connection, resource, held)
            _insist_on_one_id(connection, resource)
            _report(connection, resource)
            connection.execute(
                f"DELETE FROM stage_{resource} WHERE rowid IN "
                "(SELECT place FROM contender WHERE mine AND rank > 1)"
            )


def _gather_repeated(
    connection: duckdb.DuckDBPyConnection, resource: str, held: Sequence[str]
) -> bool:
    """Fill `repeated` with the keys that the stage has twice, or that are held."""
    table = f"stage_{resource}"
    n, distinct = connection.execute(
        f"SELECT count(*), count(DISTINCT key) FROM {table}"
    ).fetchall()[0]
    if n == distinct and not (n and held):
        return False
    ways = [f"SELECT key FROM {table} GROUP BY key HAVING count(*) > 1"]
    ways += [
        f'SELECT one.key FROM "{alias}".{table} AS one SEMI JOIN {table} USING (key)'
        for alias in held
    ]
    found = connection.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated AS {' UNION '.join(ways)}"
    )
    return bool(found.fetchall()[0][0])


def _rank(
    connection: duckdb.DuckDBPyConnection, resource: str, held: Sequence[str]
) -> None:
    """Rank the versions of each repeated key; at a full tie, what is held stays."""
    table = f"stage_{resource}"
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    columns = ", ".join(f'"{r[0]}"' for r in described if r[0] not in _NO_CONTENT)
    judged = (
        f"key, id, file_number, record, deleted, {_INSTANT} AS instant, "
        f"{_KIND} AS version_kind, {_NUMBER} AS version_number, "
        "version AS version_text, "
        f"md5(CAST(row({columns}) AS VARCHAR)) AS content"
    )
    parts = [
        (
            f"SELECT true AS mine, one.rowid AS place, {judged} FROM {table} AS one "
            "SEMI JOIN repeated USING (key)"
        )
    ]
    if held:
        chosen = "SEMI JOIN repeated ON repeated.key = one.key"
        parts.append(
            f"SELECT false, NULL, {judged} FROM {held_rows(table, held, chosen)}"
        )
    order = ", ".join(f"{name} DESC NULLS LAST" for name in (*_ORDER, "content"))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE contender AS SELECT *, row_number() OVER "
        f"(PARTITION BY key ORDER BY {order}, mine, file_number, record, place) "
        f"AS rank FROM ({' UNION ALL '.join(parts)})"
    )


def _insist_on_one_id(connection: duckdb.DuckDBPyConnection, resource: str) -> None:
    clash = connection.execute(
        "SELECT 1 FROM contender GROUP BY key HAVING min(id) <> max(id) LIMIT 1"
    ).fetchall()
    if clash:
        raise DataError(
            f"Two resources of type {resource} with different ids have the same key.",
            code="key-collision",
            why="Their rows could not be told apart, and one would hide the other.",
            remedies=(
                "Load the files under another --source name: keys depend on it.",
                "Report this: by chance alone it is not to be expected.",
            ),
        )


def _report(connection: duckdb.DuckDBPyConnection, resource: str) -> None:
    """Set the losers aside, and remark where only the content decided."""
    tied = " AND ".join(
        f"loser.{name} IS NOT DISTINCT FROM winner.{name}" for name in _ORDER
    )
    kind = f"CASE WHEN {{}}.deleted THEN '{DELETE}' ELSE {text(resource)} END"
    pairs = (
        "contender AS loser JOIN contender AS winner ON winner.key = loser.key "
        "AND winner.rank = 1 AND loser.rank > 1"
    )
    connection.execute(
        "INSERT INTO problem SELECT loser.file_number, loser.record, "
        f"{kind.format('loser')}, CASE WHEN loser.deleted = winner.deleted "
        "AND loser.content = winner.content THEN 'duplicate id' "
        f"WHEN {tied} THEN 'conflicting versions' "
        "WHEN loser.deleted AND loser.instant IS NULL AND winner.instant IS NOT NULL "
        "THEN 'deletion without a time' ELSE 'older version' END, true "
        f"FROM {pairs} WHERE loser.mine"
    )
    connection.execute(
        "INSERT INTO problem SELECT DISTINCT winner.file_number, winner.record, "
        f"{kind.format('winner')}, 'conflicting versions', false FROM {pairs} "
        f"WHERE winner.mine AND NOT loser.mine AND {tied} "
        "AND loser.content <> winner.content"
    )
