"""Concepts of an OMOP source's own: found again by vocabulary and code, or made local.

Concepts above 2,000,000,000 mean something else at every site. Such a concept of a
source gets the id that its vocabulary and code have everywhere; so does a source value
that no concept stands for.
"""

import duckdb

from rounds.datamart.concepts import (
    FIRST_LOCAL,
    SOURCE_VOCABULARY,
    local_concept_id,
)
from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop_tables import EVENTS, is_concept

__all__ = ["concept_columns", "find_concepts", "keep_local_codes"]

_DOMAINS = {
    "condition_occurrence": "Condition",
    "measurement": "Measurement",
    "observation": "Observation",
    "procedure_occurrence": "Procedure",
    "drug_exposure": "Drug",
    "device_exposure": "Device",
}


def find_concepts(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `own_concept` and `bare_concept`, of all that the source says of codes.

    `own_concept` gives each concept of the source's own its id here, and `bare_concept`
    each source value that has no concept at all. Those that no vocabulary knows, the
    datamart's or the source's, become local codes.
    """
    connection.execute(
        "CREATE TEMP VIEW known_concept AS "
        "SELECT vocabulary_id, concept_code, concept_id FROM vocabulary.concept "
        f"UNION SELECT vocabulary_id, concept_code, concept_id FROM rows_concept "
        f"WHERE reason IS NULL AND concept_id < {FIRST_LOCAL}"
    )
    connection.execute(
        "CREATE TEMP TABLE own_concept AS SELECT own.concept_id AS own_id, "
        "own.vocabulary_id, own.concept_code AS code, concept_name AS display, "
        "domain_id AS domain, (SELECT min(known.concept_id) FROM known_concept AS known "
        "WHERE known.vocabulary_id = own.vocabulary_id "
        "AND known.concept_code = own.concept_code) AS known_id "
        f"FROM rows_concept AS own WHERE reason IS NULL AND concept_id >= {FIRST_LOCAL}"
    )
    _find_bare(connection)
    keep_local_codes(
        connection,
        "SELECT vocabulary_id, code, display, domain FROM own_concept "
        f"WHERE known_id IS NULL UNION SELECT '{SOURCE_VOCABULARY}', code, code, domain "
        "FROM bare_concept WHERE known_id IS NULL",
    )


def _find_bare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `bare_concept`: source values without a concept, and what they may be.

    A value is a known code if it is the code of one concept only.
    """
    parts = [
        f"SELECT {EVENTS[table][0]}_source_value AS code, '{domain}' AS domain "
        f"FROM rows_{table} WHERE reason IS NULL AND {_unknown(table)}"
        for table, domain in _DOMAINS.items()
    ]
    connection.execute(
        "CREATE TEMP TABLE bare_code AS SELECT code, min(domain) AS domain "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY code"
    )
    local = local_concept_id("vocabulary_id", "code")
    connection.execute(
        "CREATE TEMP TABLE bare_concept AS WITH candidate AS ("
        "SELECT concept_code AS code, concept_id FROM known_concept "
        "SEMI JOIN bare_code ON code = concept_code UNION "
        f"SELECT code, coalesce(known_id, {local}) FROM own_concept "
        "SEMI JOIN bare_code USING (code)), found AS (SELECT code, "
        "min(concept_id) AS known_id FROM candidate GROUP BY code HAVING count(*) = 1) "
        "SELECT code, domain, known_id FROM bare_code LEFT JOIN found USING (code)"
    )


def keep_local_codes(connection: duckdb.DuckDBPyConnection, codes: str) -> None:
    """Keep codes that no vocabulary knows: vocabulary_id, code, display, domain."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS rounds_local_code (vocabulary_id VARCHAR, "
        "code VARCHAR, display VARCHAR, domain VARCHAR)"
    )
    connection.execute(
        "INSERT INTO rounds_local_code SELECT vocabulary_id, code, "
        "coalesce(min(display), code), min(domain) "
        f"FROM ({codes}) GROUP BY vocabulary_id, code ORDER BY vocabulary_id, code"
    )


def _unknown(table: str) -> str:
    """Write the test that a row's code has no concept at all."""
    stem = EVENTS[table][0]
    return (
        f"{stem}_source_value IS NOT NULL AND coalesce({stem}_concept_id, 0) = 0 "
        f"AND coalesce({stem}_source_concept_id, 0) = 0"
    )


def concept_columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Give, as SQL, the concepts of a table's rows where they are not those given."""
    columns: dict[str, str] = {}
    names = [row["column"] for row in cdm_columns(table) if is_concept(row["column"])]
    if names and connection.execute("FROM own_concept LIMIT 1").fetchall():
        greatest = ", ".join(f'coalesce(max("{name}"), 0)' for name in names)
        found = connection.execute(
            f"SELECT {greatest} FROM rows_{table} WHERE reason IS NULL"
        ).fetchall()[0]
        local = local_concept_id("vocabulary_id", "code")
        here = f"(SELECT min(coalesce(known_id, {local})) FROM own_concept WHERE own_id ="
        columns = {
            name: f'coalesce({here} "{name}"), "{name}")'
            for name, most in zip(names, found, strict=True)
            if most >= FIRST_LOCAL
        }
    if table in _DOMAINS:
        stem = EVENTS[table][0]
        name = f"{stem}_source_concept_id"
        local = local_concept_id(f"'{SOURCE_VOCABULARY}'", "code")
        bare = (
            f"(SELECT min(coalesce(known_id, {local})) FROM bare_concept "
            f"WHERE code = {stem}_source_value)"
        )
        if connection.execute("FROM bare_concept LIMIT 1").fetchall():
            given = columns.get(name, f'"{name}"')
            columns[name] = f"CASE WHEN {_unknown(table)} THEN {bare} ELSE {given} END"
    return columns
