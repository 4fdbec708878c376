"""Codes to concepts: source and standard ones of the vocabulary, or local ones.

    code ─▶ source concept ─▶ "Maps to" ─▶ standard concepts (one row each)
      │         └─▶ "Maps to value" ─▶ the value of the row
      ├─▶ the site's own map (source_to_concept_map, ConceptMap) goes before "Maps to"
      └─▶ in no vocabulary: a local concept, whose id follows from the code alone

The vocabulary is attached as the database `vocabulary`; it may be empty.

References
----------
OHDSI. Mapping of Concepts. https://ohdsi.github.io/CommonDataModel/vocabulary.html
"""

import csv
from importlib.resources import files

import duckdb

from rounds.datamart.fhir.paths import text
from rounds.datamart.vocabulary.spelling import spelled
from rounds.definitions.ucum import is_ucum
from rounds.nouns.errors import DataError

__all__ = [
    "BESIDE",
    "FIRST_LOCAL",
    "code_systems",
    "keep_local_codes",
    "local_concept_id",
    "resolve_codes",
]

FIRST_LOCAL = 2_000_000_001
_LOCAL_IDS = 2**51
SOURCE_VOCABULARY = "source"
UNIT_WITHOUT_SYSTEM = "urn:rounds:unit"
_VALUED = "('Measurement', 'Observation')"  # domains whose tables hold a value


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


def keep_local_codes(connection: duckdb.DuckDBPyConnection, unknown: str) -> None:
    """Write codes that no vocabulary knows into the part's `rounds_local_code`.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Of the part that is built.
    unknown : str
        A relation of vocabulary_id, code, display and domain; several rows of one code
        become one, with the least display and domain.

    Raises
    ------
    DataError
        If two codes have one id.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS rounds_local_code (vocabulary_id VARCHAR, "
        "code VARCHAR, display VARCHAR, domain VARCHAR)"
    )
    connection.execute(
        "INSERT INTO rounds_local_code SELECT vocabulary_id, code, "
        f"coalesce(min(display), code), min(domain) FROM {unknown} AS unknown "
        "ANTI JOIN rounds_local_code AS kept USING (vocabulary_id, code) "
        "GROUP BY vocabulary_id, code ORDER BY vocabulary_id, code"
    )
    shared = connection.execute(
        "SELECT 1 FROM (SELECT DISTINCT vocabulary_id, code FROM rounds_local_code) "
        f"GROUP BY {local_concept_id('vocabulary_id', 'code')} "
        "HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    if shared:
        raise DataError(
            "Two codes that no vocabulary knows would have one concept id.",
            code="local-concept-shared",
            why="Their rows could not be told apart, and measures would mix them.",
            remedies=(
                "Leave the part after | out of the codes' system, if there is one.",
                "Load a vocabulary that holds one of the code systems.",
            ),
        )


BESIDE = (
    "value_system",
    "value_code",
    "value_display",
    "unit_system",
    "unit_source_value",
    "detail_system",
    "detail_code",
    "detail_display",
    "detail_domain",
)
"""Columns of `event` for the codes that may stand beside an event's own."""


def resolve_codes(
    connection: duckdb.DuckDBPyConnection,
    *,
    beside: str | None = None,
    used: str = "event",
) -> None:
    """Give each code of `event` its concepts, in the temporary table `code_concept`.

    And each of `beside`, a relation of system, code, display and domain. What codes
    the events use is read from `used`, where a shorter relation has them.

    Codes of values and of units are resolved as well. Units get a row in `unit`, which
    says whether the code is UCUM, and under which system it is `named` in
    `code_concept`: "g" as a unit is not "g" as somebody's word. Codes without a concept
    go to `rounds_local_code`.

    `code_concept` has one row for each (system, code) and `target`, counted from 0 by
    concept id: concept_id (0 if there is no standard one), source_concept_id, domain
    (the standard concept's, else NULL) and value_as_concept_id (of "Maps to value",
    else NULL). An event has as many rows as its code has targets; a value's or a unit's
    code is read at target 0 alone.
    """
    values = ", ".join(f"({text(uri)}, {text(name)})" for uri, name in code_systems())
    connection.execute(
        "CREATE TEMP TABLE code_system AS SELECT * FROM "
        f"(VALUES {values}) AS t(system, vocabulary_id)"
    )
    _find_units(connection, used)
    _name_codes(connection, beside, used)
    _find_sources(connection)
    _find_targets(connection)
    connection.execute(
        "CREATE TEMP TABLE code_concept AS SELECT n.system, n.code, "
        "coalesce(t.concept_id, 0) AS concept_id, coalesce(k.concept_id, "
        f"{local_concept_id('n.vocabulary_id', 'n.spelled')}) AS source_concept_id, "
        "t.domain_id AS domain, v.concept_id AS value_as_concept_id, "
        "CAST(row_number() OVER (PARTITION BY n.system, n.code ORDER BY t.concept_id, "
        "v.concept_id) - 1 AS INTEGER) AS target FROM named_code AS n "
        "LEFT JOIN known_code AS k USING (system, code) "
        "LEFT JOIN standard_code AS t USING (system, code) "
        "LEFT JOIN code_value AS v ON v.system = n.system AND v.code = n.code "
        f"AND t.domain_id IN {_VALUED}"
    )


def _name_codes(
    connection: duckdb.DuckDBPyConnection, beside: str | None, used: str
) -> None:
    """Make `named_code`: each code once, with its vocabulary and OMOP's spelling."""
    more = f"SELECT system, code, display, domain FROM {beside} UNION ALL "
    connection.execute(
        "CREATE TEMP TABLE used_code AS "
        "SELECT system, code, min(display) AS display, min(domain) AS domain FROM ("
        f"SELECT code_system AS system, code, display, domain FROM {used} UNION ALL "
        f"SELECT value_system, value_code, value_display, 'Meas Value' FROM {used} "
        "WHERE value_code IS NOT NULL UNION ALL "
        f"SELECT detail_system, detail_code, detail_display, detail_domain FROM {used} "
        "WHERE detail_code IS NOT NULL UNION ALL "
        f"{more if beside else ''}"
        "SELECT named, code, code, 'Unit' FROM unit) GROUP BY system, code"
    )
    connection.execute(
        "CREATE TEMP TABLE named_code AS "
        f"SELECT *, {spelled('vocabulary_id', 'code')} AS spelled FROM ("
        "SELECT used_code.*, coalesce(vocabulary_id, CASE WHEN system = "
        f"'{UNIT_WITHOUT_SYSTEM}' THEN CASE WHEN is_ucum THEN 'UCUM' "
        f"ELSE '{SOURCE_VOCABULARY}' END END, nullif(system, ''), "
        f"'{SOURCE_VOCABULARY}') AS vocabulary_id "
        "FROM used_code LEFT JOIN code_system USING (system) "
        "LEFT JOIN (SELECT code, is_ucum FROM unit WHERE system = '') USING (code))"
    )


def _find_sources(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `known_code`: the concept of each code that the vocabulary holds.

    Of several concepts, one that is valid goes first, then a standard one, then OMOP's
    own spelling before the one given.
    """
    candidates = " UNION ALL ".join(
        "SELECT n.system, n.code, c.concept_id, c.domain_id, c.standard_concept, "
        f"c.invalid_reason, {place} AS place FROM named_code AS n "
        "JOIN vocabulary.concept AS c ON c.vocabulary_id = n.vocabulary_id "
        f"AND c.concept_code = n.{column} WHERE {kept}"
        for place, column, kept in (
            (0, "spelled", "true"),
            (1, "code", "n.code <> n.spelled"),
        )
    )
    connection.execute(
        "CREATE TEMP TABLE known_code AS SELECT system, code, concept_id "
        f"FROM ({candidates}) QUALIFY row_number() OVER (PARTITION BY system, code "
        "ORDER BY invalid_reason IS NOT NULL, "
        "coalesce(standard_concept, '') <> 'S', place, concept_id) = 1"
    )
    unknown = (
        "(SELECT vocabulary_id, spelled AS code, display, domain FROM named_code "
        "ANTI JOIN known_code USING (system, code))"
    )
    keep_local_codes(connection, unknown)


def _find_site_codes(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `site_code`: what the site's own maps make of a code.

    Their targets may be non-standard, or codes without any concept; these are local.
    """
    local = local_concept_id("m.target_vocabulary_id", "m.target_code")
    connection.execute(
        "CREATE TEMP TABLE site_map AS "
        "SELECT source_vocabulary_id AS vocabulary_id, source_code AS code, "
        "target_concept_id AS concept_id, NULL AS target_vocabulary_id, "
        "NULL AS target_code, NULL AS display "
        "FROM vocabulary.source_to_concept_map "
        "WHERE invalid_reason IS NULL AND target_concept_id > 0 UNION "
        f"SELECT m.source_vocabulary_id, m.source_code, coalesce(c.concept_id, {local})"
        ", CASE WHEN c.concept_id IS NULL THEN m.target_vocabulary_id END, "
        "CASE WHEN c.concept_id IS NULL THEN m.target_code END, m.target_display "
        "FROM vocabulary.rounds_concept_map AS m LEFT JOIN vocabulary.concept AS c "
        "ON c.vocabulary_id = m.target_vocabulary_id "
        "AND c.concept_code = m.target_code AND c.invalid_reason IS NULL"
    )
    connection.execute(
        "CREATE TEMP TABLE site_code AS "
        + " UNION ".join(
            "SELECT n.system, n.code, m.concept_id, n.domain, m.target_vocabulary_id, "
            "m.target_code, m.display FROM named_code AS n JOIN site_map AS m "
            f"ON m.vocabulary_id = n.vocabulary_id AND m.code = n.{written}"
            for written in ("spelled", "code")
        )
    )
    keep_local_codes(
        connection,
        "(SELECT target_vocabulary_id AS vocabulary_id, target_code AS code, display, "
        "domain FROM site_code WHERE target_code IS NOT NULL)",
    )


def _find_targets(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `standard_code`, (system, code) → standard concepts, and `code_value`.

    The site's own map stands for all that the vocabulary says of a code.
    """
    _find_site_codes(connection)
    connection.execute(
        "CREATE TEMP TABLE chosen AS SELECT DISTINCT system, code, concept_id "
        "FROM site_code UNION ALL SELECT system, code, concept_id FROM known_code "
        "ANTI JOIN site_code USING (system, code)"
    )
    related = (
        "FROM chosen JOIN vocabulary.concept_relationship AS r "
        "ON r.concept_id_1 = chosen.concept_id AND r.invalid_reason IS NULL "
        "JOIN vocabulary.concept AS target ON target.concept_id = r.concept_id_2 "
        "AND target.standard_concept = 'S' AND target.invalid_reason IS NULL "
        "AND r.relationship_id"
    )
    connection.execute(
        "CREATE TEMP TABLE mapped_code AS SELECT DISTINCT system, code, "
        "chosen.concept_id AS chosen_id, target.concept_id, target.domain_id "
        f"{related} = 'Maps to'"
    )
    connection.execute(
        "CREATE TEMP TABLE standard_code AS "
        "SELECT DISTINCT system, code, concept_id, domain_id FROM ("
        "SELECT system, code, concept_id, domain_id FROM mapped_code UNION ALL "
        "SELECT c.system, c.code, c.concept_id, known.domain_id FROM chosen AS c "
        "ANTI JOIN mapped_code AS m ON m.system = c.system AND m.code = c.code "
        "AND m.chosen_id = c.concept_id LEFT JOIN vocabulary.concept AS known "
        "ON known.concept_id = c.concept_id WHERE known.standard_concept = 'S' "
        f"OR (known.concept_id IS NULL AND c.concept_id >= {FIRST_LOCAL}))"
    )
    connection.execute(
        "CREATE TEMP TABLE code_value AS SELECT DISTINCT system, code, "
        f"target.concept_id {related} = 'Maps to value'"
    )


def _find_units(connection: duckdb.DuckDBPyConnection, used: str) -> None:
    found = connection.execute(
        f"SELECT DISTINCT unit_system, unit_source_value FROM {used} "
        "WHERE unit_source_value IS NOT NULL ORDER BY ALL"
    ).fetchall()
    connection.execute(
        "CREATE TEMP TABLE unit "
        "(system VARCHAR, named VARCHAR, code VARCHAR, is_ucum BOOLEAN)"
    )
    may_be = {"", *(uri for uri, name in code_systems() if name == "UCUM")}
    rows = [
        (
            system,
            system or UNIT_WITHOUT_SYSTEM,
            code,
            system in may_be and is_ucum(code),
        )
        for system, code in found
    ]
    if rows:
        connection.executemany("INSERT INTO unit VALUES (?, ?, ?, ?)", rows)
    if all(known for *_, known in rows):
        return
    connection.execute(
        "INSERT INTO problem SELECT file_number, record, resource, "
        "'unit that is not UCUM', false FROM event JOIN unit "
        "ON unit.system = unit_system AND unit.code = unit_source_value "
        "WHERE NOT is_ucum GROUP BY ALL"
    )
