"""Judged OMOP rows to the tables, with local concepts where none is known."""

import duckdb

from rounds.datamart.cdm import EVENT_TABLES
from rounds.datamart.concepts import SOURCE_VOCABULARY, make_local_concepts
from rounds.datamart.mapping import cdm_columns, cdm_tables
from rounds.datamart.periods import derive_observation_periods

__all__ = ["write_tables"]

_DOMAINS = {
    "condition_occurrence": "Condition",
    "measurement": "Measurement",
    "observation": "Observation",
    "procedure_occurrence": "Procedure",
    "drug_exposure": "Drug",
}
_FALLBACK = {
    "visit_end_date": "coalesce(visit_end_date, visit_start_date)",
    "drug_exposure_end_date": (
        "coalesce(drug_exposure_end_date, drug_exposure_start_date)"
    ),
    "valid_start_date": "coalesce(valid_start_date, DATE '1970-01-01')",
    "valid_end_date": "coalesce(valid_end_date, DATE '2099-12-31')",
    "concept_class_id": "coalesce(concept_class_id, 'Undefined')",
}


def write_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Write the good rows of every table, events sorted by person and date.

    Returns
    -------
    dict of str to int
        How many rows of the source each table should hold; `concept` holds the local
        ones besides, and is not counted.
    """
    good = dict(connection.execute("FROM mapped").fetchall())
    _write(connection, "concept", {})
    lacking = _make_source_concepts(connection)
    for table in cdm_tables():
        if table != "concept" and good.get(table) != 0:
            special = _with_source_concept(table) if lacking else {}
            _write(connection, table, special)
        if table not in good:
            _account(connection, table)
    n_periods = connection.execute(
        "SELECT count(*) FROM observation_period"
    ).fetchall()[0][0]
    written = dict(
        connection.execute(
            "SELECT resource_type, n FROM mapped WHERE resource_type <> 'concept' "
            "AND n > 0 ORDER BY 1"
        ).fetchall()
    )
    if not n_periods:
        derive_observation_periods(connection)
    return written


def _unknown(table: str) -> str:
    """Write the test that a row's code has no concept at all."""
    stem = EVENT_TABLES[table][0]
    return (
        f"{stem}_source_value IS NOT NULL AND coalesce({stem}_concept_id, 0) = 0 "
        f"AND coalesce({stem}_source_concept_id, 0) = 0"
    )


def _make_source_concepts(connection: duckdb.DuckDBPyConnection) -> bool:
    """Make a local concept of each source value that nothing else stands for.

    Returns
    -------
    bool
        Whether any row has such a value.
    """
    parts = [
        f"SELECT {EVENT_TABLES[table][0]}_source_value AS code, '{domain}' AS domain "
        f"FROM rows_{table} WHERE reason IS NULL AND {_unknown(table)}"
        for table, domain in _DOMAINS.items()
    ]
    connection.execute(
        "CREATE TEMP TABLE bare_code AS SELECT code, min(domain) AS domain "
        f"FROM ({' UNION ALL '.join(parts)}) GROUP BY code"
    )
    if not connection.execute("FROM bare_code LIMIT 1").fetchall():
        return False
    connection.execute(
        "CREATE TEMP TABLE only_concept AS SELECT concept_code AS code, "
        "min(concept_id) AS concept_id FROM concept "
        "WHERE concept_code IN (SELECT code FROM bare_code) "
        "GROUP BY concept_code HAVING count(*) = 1"
    )
    connection.execute(
        f"CREATE TEMP TABLE unknown_code AS SELECT '{SOURCE_VOCABULARY}' AS "
        "vocabulary_id, code, code AS display, domain FROM bare_code "
        "ANTI JOIN only_concept USING (code)"
    )
    make_local_concepts(connection)
    connection.execute(
        "CREATE TEMP TABLE source_concept AS SELECT * FROM only_concept UNION ALL "
        "SELECT code, concept_id FROM unknown_code JOIN concept ON concept_code = code "
        f"AND concept.vocabulary_id = '{SOURCE_VOCABULARY}'"
    )
    return True


def _with_source_concept(table: str) -> dict[str, str]:
    if table not in _DOMAINS:
        return {}
    stem = EVENT_TABLES[table][0]
    name = f"{stem}_source_concept_id"
    found = (
        f"(SELECT min(concept_id) FROM source_concept WHERE code = {stem}_source_value)"
    )
    return {name: f"CASE WHEN {_unknown(table)} THEN {found} ELSE {name} END"}


def _write(
    connection: duckdb.DuckDBPyConnection, table: str, special: dict[str, str]
) -> None:
    columns = []
    for row in cdm_columns(table):
        name = row["column"]
        value = special.get(name, _FALLBACK.get(name, f'"{name}"'))
        if row["required"] == "yes" and name.endswith("_concept_id"):
            value = f"coalesce({value}, 0)"
        columns.append(f'{value} AS "{name}"')
    order = "1"
    if table in EVENT_TABLES:
        order = f"person_id, {EVENT_TABLES[table][1]}, 1"
    connection.execute(
        f'INSERT INTO "{table}" SELECT {", ".join(columns)} FROM rows_{table} '
        f"WHERE reason IS NULL ORDER BY {order}"
    )


def _account(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    connection.execute(
        f"INSERT INTO problem SELECT file_number, record, '{table}', reason, true "
        f"FROM rows_{table} WHERE reason IS NOT NULL"
    )
    connection.execute(
        f"INSERT INTO mapped SELECT '{table}', count(*) FROM rows_{table} "
        "WHERE reason IS NULL"
    )
