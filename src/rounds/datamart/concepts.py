"""Codes to concepts: known ones from the vocabulary, the others made locally.

A local concept's id follows from its place among the local (vocabulary, code) pairs,
so it depends neither on the order of lines nor on when the load ran.
"""

import csv
from importlib.resources import files

import duckdb

from rounds.datamart.fhir_paths import text
from rounds.datamart.ucum import is_ucum

__all__ = [
    "FIRST_LOCAL",
    "code_systems",
    "local_concept_id",
    "make_local_concepts",
    "resolve_codes",
]

FIRST_LOCAL = 2_000_000_001
_LOCAL_IDS = 2**51
SOURCE_VOCABULARY = "source"
UCUM = "http://unitsofmeasure.org"


def code_systems() -> tuple[tuple[str, str], ...]:
    """Give (system URI, vocabulary_id) of each code system with an OMOP vocabulary."""
    place = files("rounds.definitions") / "code_systems.csv"
    rows = csv.DictReader(place.read_text("utf-8").splitlines())
    return tuple((row["uri"], row["vocabulary_id"]) for row in rows)


def local_concept_id(vocabulary_sql: str, code_sql: str) -> str:
    """Write the id of the local concept of a code that no vocabulary knows.

    It follows from the vocabulary and the code alone, so it is the same in every
    datamart, whatever was loaded when. It lies in [2,000,000,001, 2**51 + 2e9], which a
    double holds exactly, and above what OMOP's own concepts use.

    Parameters
    ----------
    vocabulary_sql, code_sql : str
        SQL expressions of type VARCHAR: the `vocabulary_id` and the `concept_code`.

    Returns
    -------
    str
        An SQL expression of type BIGINT; NULL if either is NULL.

    Examples
    --------
    >>> import duckdb
    >>> made = local_concept_id("'http://example.org/codes'", "'A1'")
    >>> duckdb.sql(f"SELECT {made}").fetchall()
    [(375267836435697,)]
    """
    hashed = f"left(md5({vocabulary_sql} || '|' || {code_sql}), 16)"
    number = f"CAST('0x' || {hashed} AS UBIGINT) % {_LOCAL_IDS}"
    return f"CAST({number} + {FIRST_LOCAL} AS BIGINT)"


def make_local_concepts(connection: duckdb.DuckDBPyConnection) -> None:
    """Add to `concept` a local one for each row of `unknown_code`.

    `unknown_code` has vocabulary_id, code, display and domain; several rows of one
    code become one concept.
    """
    connection.execute(
        "INSERT INTO concept (concept_id, concept_name, domain_id, vocabulary_id, "
        "concept_class_id, concept_code, valid_start_date, valid_end_date) "
        "SELECT greatest((SELECT coalesce(max(concept_id), 0) FROM concept), "
        f"{FIRST_LOCAL - 1}) + row_number() OVER (ORDER BY vocabulary_id, code), "
        "display, domain, vocabulary_id, 'Undefined', code, "
        "DATE '1970-01-01', DATE '2099-12-31' FROM ("
        "SELECT vocabulary_id, code, coalesce(min(display), code) AS display, "
        "min(domain) AS domain FROM unknown_code GROUP BY vocabulary_id, code) "
        "ORDER BY vocabulary_id, code"
    )


def resolve_codes(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each code of `event` its concepts, in the temporary table `code_concept`.

    Codes of values and of units are resolved as well. Units get a row in `unit`,
    which says whether the code is UCUM.
    """
    values = ", ".join(f"({text(uri)}, {text(name)})" for uri, name in code_systems())
    connection.execute(
        "CREATE TEMP TABLE code_system AS SELECT * FROM "
        f"(VALUES {values}) AS t(system, vocabulary_id)"
    )
    _find_units(connection)
    connection.execute(
        "CREATE TEMP TABLE used_code AS "
        "SELECT system, code, min(display) AS display, min(domain) AS domain FROM ("
        "SELECT code_system AS system, code, display, domain FROM event UNION ALL "
        "SELECT value_system, value_code, value_display, 'Meas Value' FROM event "
        "WHERE value_code IS NOT NULL UNION ALL "
        "SELECT system, code, code, 'Unit' FROM unit) GROUP BY system, code"
    )
    connection.execute(
        "CREATE TEMP TABLE named_code AS SELECT used_code.*, "
        f"coalesce(vocabulary_id, nullif(system, ''), '{SOURCE_VOCABULARY}') "
        "AS vocabulary_id FROM used_code LEFT JOIN code_system USING (system)"
    )
    connection.execute(
        "CREATE TEMP TABLE unknown_code AS SELECT vocabulary_id, code, display, domain "
        "FROM named_code ANTI JOIN concept "
        "ON concept.vocabulary_id = named_code.vocabulary_id "
        "AND concept.concept_code = named_code.code"
    )
    make_local_concepts(connection)
    connection.execute(
        "CREATE TEMP TABLE code_concept AS SELECT system, code, concept_id AS "
        "source_concept_id, CASE WHEN standard_concept = 'S' THEN concept_id ELSE 0 "
        "END AS concept_id, CASE WHEN standard_concept = 'S' THEN domain_id END "
        "AS domain FROM named_code JOIN (SELECT * FROM concept QUALIFY row_number() "
        "OVER (PARTITION BY vocabulary_id, concept_code ORDER BY concept_id) = 1) "
        "AS concept ON concept.vocabulary_id = named_code.vocabulary_id "
        "AND concept.concept_code = named_code.code"
    )


def _find_units(connection: duckdb.DuckDBPyConnection) -> None:
    found = connection.execute(
        "SELECT DISTINCT unit_system, unit_source_value FROM event "
        "WHERE unit_source_value IS NOT NULL ORDER BY ALL"
    ).fetchall()
    connection.execute(
        "CREATE TEMP TABLE unit (system VARCHAR, code VARCHAR, is_ucum BOOLEAN)"
    )
    may_be = {UCUM, ""}
    rows = [
        (system, code, system in may_be and is_ucum(code)) for system, code in found
    ]
    if rows:
        connection.executemany("INSERT INTO unit VALUES (?, ?, ?)", rows)
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, resource, "
        "'unit that is not UCUM', false FROM event JOIN unit "
        "ON unit.system = unit_system AND unit.code = unit_source_value "
        "WHERE NOT is_ucum GROUP BY ALL"
    )
