"""What stays of the vocabulary in force when another is made, and what is joined to it.

The vocabulary in force is attached as `former`, an OMOP source's as `brought`; the
tables that are made are the connection's own.
"""

from collections.abc import Sequence

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.vocabulary.tables import OHDSI_TABLES, columns_of, order_of

__all__ = [
    "add_parts",
    "content_hashes",
    "join_tables",
    "keep_site_concepts",
    "keep_tables",
]

_SITE_CONCEPTS = 2_000_000_000  # above it are a site's own, which no export holds


def keep_tables(connection: duckdb.DuckDBPyConnection, brought: set[str]) -> None:
    """Take over the OHDSI tables that are not brought, and what they came from."""
    for table in OHDSI_TABLES:
        if table not in brought:
            connection.execute(
                f"INSERT INTO {table} SELECT * FROM former.{table} "
                f"ORDER BY {order_of(table)}"
            )
    listed = ", ".join(text(table) for table in brought | {""})
    connection.execute(
        "INSERT INTO rounds_vocabulary_part SELECT * FROM former.rounds_vocabulary_part"
        " WHERE part IN ('athena', 'relations') "
        f"AND replace(name, '_cpt4', '') NOT IN ({listed})"
    )


def keep_site_concepts(connection: duckdb.DuckDBPyConnection) -> None:
    """Take over a site's own concepts, which no export holds, with their relations."""
    connection.execute(
        "INSERT INTO concept SELECT * FROM former.concept AS old ANTI JOIN concept "
        f"USING (concept_id) WHERE concept_id > {_SITE_CONCEPTS} "
        f"ORDER BY {order_of('concept')}"
    )
    connection.execute(
        "INSERT INTO concept_relationship SELECT old.* FROM former.concept_relationship"
        f" AS old WHERE greatest(concept_id_1, concept_id_2) > {_SITE_CONCEPTS} "
        f"ORDER BY {order_of('concept_relationship')}"
    )
    found = connection.execute(
        f"{_hash_of('concept')} WHERE concept_id > {_SITE_CONCEPTS}"
    ).fetchall()[0]
    if found[0]:
        add_parts(connection, [("site", "concept", found[1], None)])


def join_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill each table from `former` and `brought`: one row a key, an export's first."""
    place = 1 if _has_export(connection) else 0
    for table in OHDSI_TABLES:
        columns = ", ".join(row["column"] for row in columns_of(table))
        keys = order_of(table) if table != "concept" else "concept_id"
        connection.execute(
            f"INSERT INTO {table} SELECT {columns} FROM ("
            f"SELECT 0 AS place, * FROM former.{table} UNION ALL "
            f"SELECT {place}, * FROM brought.{table}) "
            f"QUALIFY row_number() OVER (PARTITION BY {keys} "
            f"ORDER BY place, {columns}) = 1 ORDER BY {order_of(table)}"
        )
    connection.execute(
        "INSERT INTO rounds_vocabulary_part SELECT * FROM former.rounds_vocabulary_part"
        " WHERE part = 'athena'"
    )


def _hash_of(table: str) -> str:
    """Write the query of a table's rows, counted and hashed whatever their order."""
    return (
        "SELECT count(*), CAST(sum(CAST(md5_number_lower(CAST(t AS VARCHAR)) "
        f"AS HUGEINT)) AS VARCHAR) FROM {table} AS t"
    )


def content_hashes(
    connection: duckdb.DuckDBPyConnection,
) -> list[tuple[str, str, str, str | None]]:
    """Name what each table now holds, where that is not an export's rows alone."""
    exported = _has_export(connection)
    joined = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM former.rounds_vocabulary_part WHERE part = 'relations'"
        ).fetchall()
    }
    found: list[tuple[str, str, str, str | None]] = []
    for table in OHDSI_TABLES:
        n, hashed = connection.execute(_hash_of(table)).fetchall()[0]
        before = connection.execute(f"SELECT count(*) FROM former.{table}").fetchall()
        if n > (before[0][0] if exported else 0) or table in joined:
            found.append(("relations", table, hashed, None))
    return found


def _has_export(connection: duckdb.DuckDBPyConnection) -> bool:
    query = "SELECT 1 FROM former.rounds_vocabulary_part WHERE part = 'athena' LIMIT 1"
    return bool(connection.execute(query).fetchall())


def add_parts(
    connection: duckdb.DuckDBPyConnection,
    parts: Sequence[tuple[str, str, str, str | None]],
) -> None:
    """Write down what the vocabulary is made of: part, name, SHA-256 and content."""
    if parts:
        connection.executemany(
            "INSERT INTO rounds_vocabulary_part VALUES (?, ?, ?, ?)", list(parts)
        )
