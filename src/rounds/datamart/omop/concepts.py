"""Concepts of an OMOP source's own: found again by vocabulary and code, or made local.

Concepts above 2,000,000,000 mean something else at every site. Such a concept of a
source gets the id that its vocabulary and code have everywhere; so does a source value
that no concept stands for. Where the datamart's vocabulary maps such a code to a
standard concept, a row that has none gets that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from rounds.datamart.mapping import cdm_columns
from rounds.datamart.omop.tables import EVENTS, is_concept
from rounds.datamart.vocabulary.concepts import BESIDE, FIRST_LOCAL, resolve_codes

__all__ = ["Known", "concept_columns", "find_concepts"]

_DOMAINS = {
    "condition_occurrence": "Condition",
    "measurement": "Measurement",
    "observation": "Observation",
    "procedure_occurrence": "Procedure",
    "drug_exposure": "Drug",
    "device_exposure": "Device",
}


@dataclass(frozen=True, kw_only=True)
class Known:
    """Whether there is any row of what a source's own concepts were found to be."""

    own: bool
    columns: Mapping[str, Sequence[str]]
    """Of tables that were looked at: the columns in which one of its own stands."""
    own_standard: bool
    bare: bool
    bare_standard: bool
    standard: bool


def find_concepts(connection: duckdb.DuckDBPyConnection) -> Known:
    """Make `own_concept` and `bare_concept`, of all that the source says of codes.

    `own_concept` gives each concept of the source's own its id here, and `bare_concept`
    each source value that has no concept at all, both with the standard concept if the
    vocabulary maps it to one. Codes that no vocabulary knows become local.
    """
    _find_bare(connection)
    _find_standards(connection)
    shared = (
        "SELECT vocabulary_id, concept_code, min(concept_id) AS concept_id "
        f"FROM rows_concept WHERE reason IS NULL AND concept_id < {FIRST_LOCAL} "
        "GROUP BY ALL"
    )
    connection.execute(
        "CREATE TEMP TABLE given_concept AS SELECT own.concept_id AS own_id, "
        "own.vocabulary_id AS system, own.concept_code AS code, "
        "concept_name AS display, domain_id AS domain, shared.concept_id AS shared_id "
        f"FROM rows_concept AS own LEFT JOIN ({shared}) AS shared "
        "USING (vocabulary_id, concept_code) "
        f"WHERE reason IS NULL AND own.concept_id >= {FIRST_LOCAL}"
    )
    nothing = ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in BESIDE)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE event AS SELECT 0 AS file_number, "
        "0::BIGINT AS record, '' AS resource, system AS code_system, code, display, "
        f"domain, {nothing} FROM (SELECT system, code, display, domain "
        "FROM given_concept WHERE shared_id IS NULL UNION ALL "
        "SELECT '', code, code, domain FROM bare_code WHERE known_id IS NULL)"
    )
    if connection.execute("FROM event LIMIT 1").fetchall():
        resolve_codes(connection)
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS code_concept (system VARCHAR, code VARCHAR, "
        "concept_id BIGINT, source_concept_id BIGINT, target INTEGER)"
    )
    resolved = "(SELECT * FROM code_concept WHERE target = 0) AS c"
    connection.execute(
        "CREATE TEMP TABLE own_concept AS SELECT own_id, "
        "min(coalesce(shared_id, source_concept_id)) AS source_id, "
        "min(coalesce(concept_id, 0)) AS standard_id FROM given_concept AS g "
        f"LEFT JOIN {resolved} ON c.system = g.system AND c.code = g.code "
        "GROUP BY own_id"
    )
    connection.execute(
        "CREATE TEMP TABLE bare_concept AS SELECT b.code, coalesce(own.source_id, "
        "b.known_id, source_concept_id) AS source_id, "
        "coalesce(nullif(own.standard_id, 0), s.standard_id, c.concept_id, 0) "
        "AS standard_id FROM bare_code AS b "
        "LEFT JOIN own_concept AS own ON own.own_id = b.known_id "
        "LEFT JOIN standard_of AS s ON s.concept_id = b.known_id "
        f"LEFT JOIN {resolved} ON c.system = '' AND c.code = b.code"
    )
    return _known(connection)


def _known(connection: duckdb.DuckDBPyConnection) -> Known:
    found = connection.execute(
        "SELECT (SELECT count(*) FROM own_concept), "
        "(SELECT count(*) FROM own_concept WHERE standard_id > 0), "
        "(SELECT count(*) FROM bare_concept), "
        "(SELECT count(*) FROM bare_concept WHERE standard_id > 0), "
        "(SELECT count(*) FROM standard_of)"
    ).fetchall()[0]
    own, own_standard, bare, bare_standard, standard = map(bool, found)
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS own_columns "
        "(table_name VARCHAR, names VARCHAR[])"
    )
    return Known(
        own=own,
        columns=dict(connection.execute("FROM own_columns").fetchall()),
        own_standard=own_standard,
        bare=bare,
        bare_standard=bare_standard,
        standard=standard,
    )


def _find_bare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `bare_code`: source values without a concept, and what they may be.

    A value is a known code if it is the code of one concept only.
    """
    parts = [
        f"SELECT {EVENTS[table][0]}_source_value AS code, '{domain}' AS domain "
        f"FROM rows_{table} WHERE reason IS NULL AND {_unknown(table)}"
        for table, domain in _DOMAINS.items()
    ]
    connection.execute(
        "CREATE TEMP TABLE bare AS SELECT code, min(domain) AS domain "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY code"
    )
    mine = "WHERE concept_code IN (SELECT code FROM bare)"
    candidates = (
        f"SELECT concept_code AS code, concept_id FROM vocabulary.concept {mine} UNION "
        f"SELECT concept_code, concept_id FROM rows_concept {mine} AND reason IS NULL"
    )
    connection.execute(
        "CREATE TEMP TABLE bare_code AS SELECT code, domain, known_id "
        "FROM bare LEFT JOIN (SELECT code, min(concept_id) AS known_id "
        f"FROM ({candidates}) GROUP BY code HAVING count(*) = 1) USING (code)"
    )


def _find_standards(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `standard_of`: a source concept → the standard one that it is or maps to.

    Of those that rows name without a standard concept beside them; of several targets
    the one with the least id, since a row of OMOP stays one row.
    """
    named = ["SELECT known_id AS concept_id FROM bare_code WHERE known_id IS NOT NULL"]
    named += [
        f"SELECT {EVENTS[table][0]}_source_concept_id FROM rows_{table} "
        f"WHERE reason IS NULL AND {_unmapped(table)}"
        for table in _DOMAINS
    ]
    standard = "standard_concept = 'S' AND invalid_reason IS NULL"
    connection.execute(
        "CREATE TEMP TABLE standard_of AS SELECT named.concept_id, "
        "coalesce(min(own.concept_id), min(target.concept_id)) AS standard_id "
        f"FROM ({' UNION '.join(named)}) AS named LEFT JOIN (SELECT concept_id "
        f"FROM vocabulary.concept WHERE {standard}) AS own USING (concept_id) "
        "LEFT JOIN (SELECT concept_id_1, concept_id_2 "
        "FROM vocabulary.concept_relationship WHERE relationship_id = 'Maps to' "
        "AND invalid_reason IS NULL) AS maps ON maps.concept_id_1 = named.concept_id "
        f"LEFT JOIN (SELECT concept_id FROM vocabulary.concept WHERE {standard}) "
        "AS target ON target.concept_id = maps.concept_id_2 "
        "GROUP BY 1 HAVING standard_id IS NOT NULL"
    )


def _unmapped(table: str) -> str:
    """Write the test that a row names a shared source concept and no standard one."""
    stem = EVENTS[table][0]
    return (
        f"coalesce({stem}_concept_id, 0) = 0 "
        f"AND {stem}_source_concept_id BETWEEN 1 AND {FIRST_LOCAL - 1}"
    )


def _unknown(table: str) -> str:
    """Write the test that a row's code has no concept at all."""
    stem = EVENTS[table][0]
    return (
        f"{stem}_source_value IS NOT NULL AND coalesce({stem}_concept_id, 0) = 0 "
        f"AND coalesce({stem}_source_concept_id, 0) = 0"
    )


def concept_columns(
    connection: duckdb.DuckDBPyConnection, table: str, known: Known
) -> tuple[dict[str, str], str]:
    """Give, as SQL, the concepts of a table's rows where they are not those given.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With what `find_concepts` has made.
    table : str
        A CDM table.
    known : Known
        What `find_concepts` gave.

    Returns
    -------
    tuple of dict of str to str, and str
        Column → SQL over the rows of the table, the others stay as they are; and what
        is to be joined to `rows_<table>` for it, of which each row meets one at most.
    """
    columns, joins = _own_columns(connection, table, known)
    if table not in _DOMAINS:
        return columns, "".join(joins)
    stem = EVENTS[table][0]
    source, standard = f"{stem}_source_concept_id", f"{stem}_concept_id"
    given = columns.get(source, f'"{source}"')
    here = columns.get(standard, f'"{standard}"')
    unknown = _unknown(table)
    if known.bare:
        joins.append(
            f" LEFT JOIN bare_concept AS bare ON bare.code = {stem}_source_value"
        )
        columns[source] = f"CASE WHEN {unknown} THEN bare.source_id ELSE {given} END"
    if known.bare_standard:
        here = f"CASE WHEN {unknown} THEN bare.standard_id ELSE {here} END"
        columns[standard] = here
    if known.own_standard:
        joins.append(_own("of_source", source))
        columns[standard] = f"coalesce(nullif({here}, 0), of_source.standard_id)"
    if known.standard:
        here = columns.get(standard, f'"{standard}"')
        joins.append(
            f' LEFT JOIN standard_of AS standard ON standard.concept_id = "{source}"'
        )
        columns[standard] = f"coalesce(nullif({here}, 0), standard.standard_id, 0)"
    return columns, "".join(joins)


def _own_columns(
    connection: duckdb.DuckDBPyConnection, table: str, known: Known
) -> tuple[dict[str, str], list[str]]:
    """Give every column of a table in which a concept of the source's own stands."""
    names = [row["column"] for row in cdm_columns(table) if is_concept(row["column"])]
    if not names or not known.own:
        return {}, []
    if table in known.columns:
        mine = known.columns[table]
    else:
        greatest = ", ".join(f'coalesce(max("{name}"), 0)' for name in names)
        found = connection.execute(
            f"SELECT {greatest} FROM rows_{table} WHERE reason IS NULL"
        ).fetchall()[0]
        mine = [
            name for name, most in zip(names, found, strict=True) if most >= FIRST_LOCAL
        ]
    columns = {name: f'coalesce(own_{name}.source_id, "{name}")' for name in mine}
    return columns, [_own(f"own_{name}", name) for name in mine]


def _own(alias: str, column: str) -> str:
    return f' LEFT JOIN own_concept AS {alias} ON {alias}.own_id = "{column}"'
