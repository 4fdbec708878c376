"""From the common shape of events to the OMOP tables, sorted by person and date."""

from collections import defaultdict

import duckdb

from rounds.datamart.cdm import EVENT_TABLES, insert, key_of
from rounds.datamart.fhir_keys import MOST_TARGETS, row_id
from rounds.datamart.fhir_paths import text
from rounds.datamart.fhir_targets import place_tables
from rounds.datamart.mapping import mapping

__all__ = ["TABLE_OF_DOMAIN", "keep_crosswalk", "write_events"]

TABLE_OF_DOMAIN = {
    "Condition": "condition_occurrence",
    "Measurement": "measurement",
    "Observation": "observation",
    "Procedure": "procedure_occurrence",
    "Drug": "drug_exposure",
    "Device": "device_exposure",
    "Specimen": "specimen",
    "Payer": "payer_plan_period",
}
_OPEN = "DATE '2099-12-31'"  # what OMOP's vocabulary writes where there is no end
_LASTS = (
    "coalesce(end_date, start_date + CAST(greatest(coalesce(days_supply, 1), 1) - 1 "
    "AS INTEGER)) AS end_date_or_start"
)
_MAIN = (
    "event JOIN code_concept AS main ON main.system = event.code_system "
    "AND main.code = event.code"
)


def keep_crosswalk(connection: duckdb.DuckDBPyConnection, *, places: bool) -> None:
    """Keep which resource became which row, of every type that others refer to.

    The rows of events are found by their ids, which follow from their resources' keys.
    """
    kinds = {"Patient": "person", "Encounter": "visit_occurrence"}
    if places:
        kinds |= place_tables()
    parts = [
        f"SELECT '{kind}', id, '{table}', key FROM good_{kind} WHERE reason IS NULL"
        for kind, table in kinds.items()
    ]
    connection.execute(f"INSERT INTO rounds_resource {' UNION ALL '.join(parts)}")


def write_events(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Write each event into the tables that its concepts' domains choose.

    A code with several standard concepts makes a row of each, as OMOP asks for.
    A standard concept's domain goes before the domain that the resource suggests. A
    domain without a table here (say, Note) is an observation, as OMOP advises for
    what fits nowhere else.

    Returns
    -------
    dict of str to int
        How many events each table should hold.
    """
    cases = " ".join(
        f"WHEN '{domain}' THEN '{table}'" for domain, table in TABLE_OF_DOMAIN.items()
    )
    domain = (
        "CASE WHEN event.stays THEN event.domain "
        "ELSE coalesce(main.domain, event.domain) END"
    )
    chosen = f"CASE {domain} {cases} ELSE 'observation' END"
    _make_unit_concepts(connection)
    connection.execute(
        f"CREATE TEMP VIEW routed AS SELECT event.*, {chosen} AS destination, "
        f"{row_id('event.key', 'event.part', 'main.target')} AS row_id, "
        f"{_concept()} AS concept_id, main.source_concept_id, "
        "coalesce(CASE WHEN found_value.concept_id > 0 THEN found_value.concept_id "
        "ELSE found_value.source_concept_id END, main.value_as_concept_id) "
        "AS value_concept_id, "
        "found_unit.concept_id AS unit_concept_id, "
        "found_unit.source_concept_id AS unit_source_concept_id, "
        "detail.concept_id AS detail_concept_id, "
        f"{_LASTS}, coalesce(end_date, {_OPEN}) AS end_date_or_open, "
        "CAST(coalesce(round(quantity), 1) AS INTEGER) AS quantity_or_one "
        f"FROM {_MAIN} "
        "LEFT JOIN code_concept AS found_value ON found_value.system = value_system "
        "AND found_value.code = value_code AND found_value.target = 0 "
        "LEFT JOIN unit_concept AS found_unit ON found_unit.system = unit_system "
        "AND found_unit.code = unit_source_value "
        "LEFT JOIN code_concept AS detail ON detail.system = detail_system "
        "AND detail.code = detail_code AND detail.target = 0"
    )
    counted = connection.execute(
        f"SELECT {chosen}, resource, count(*), count(*) FILTER (main.target = 0) "
        f"FROM {_MAIN} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    _insist_on_concepts(connection, sum(first for *_, first in counted))
    resources: dict[str, list[str]] = defaultdict(list)
    rows: dict[str, int] = defaultdict(int)
    for table, resource, n, _ in counted:
        resources[table].append(resource)
        rows[table] += n
    for table, from_types in resources.items():
        _write(connection, table, from_types)
    return dict(rows)


def _concept() -> str:
    """Write an event's concept: its code's, or what the resource says beyond its code.

    What stays where it is has no concept whose domain has another table. A code that
    the vocabulary divides into concept and value says all by itself.
    """
    elsewhere = ", ".join(text(domain) for domain in TABLE_OF_DOMAIN)
    own = (
        f"CASE WHEN event.stays AND main.domain IN ({elsewhere}) "
        "AND main.domain <> event.domain THEN 0 ELSE main.concept_id END"
    )
    return (
        "CASE WHEN event.given_concept_id > 0 AND main.value_as_concept_id IS NULL "
        f"THEN event.given_concept_id ELSE {own} END"
    )


def _insist_on_concepts(connection: duckdb.DuckDBPyConnection, found: int) -> None:
    """See that each event has a row for each standard concept of its code."""
    events, most = connection.execute(
        "SELECT (SELECT count(*) FROM event), "
        "(SELECT coalesce(max(target), 0) FROM code_concept)"
    ).fetchall()[0]
    assert events == found, "an event's code has no concept"
    assert most < MOST_TARGETS, "a code with too many standard concepts"


def _make_unit_concepts(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `unit_concept`: a unit that is not UCUM is kept, as no standard concept."""
    connection.execute(
        "CREATE TEMP TABLE unit_concept AS SELECT unit.system, unit.code, "
        "CASE WHEN is_ucum THEN concept_id ELSE 0 END AS concept_id, source_concept_id "
        "FROM unit LEFT JOIN code_concept AS found ON found.system = unit.named "
        "AND found.code = unit.code AND found.target = 0"
    )


def _write(
    connection: duckdb.DuckDBPyConnection, table: str, from_types: list[str]
) -> None:
    assert table in (*EVENT_TABLES, "payer_plan_period")
    values = {
        row["column"]: row["from"]
        for row in mapping("event_columns")
        if row["table"] == table
    }
    values[key_of(table)] = "row_id"
    kinds = ", ".join(text(each) for each in from_types)
    insert(
        connection,
        table,
        values,
        f"(SELECT * FROM routed WHERE resource IN ({kinds}) "
        f"AND destination = '{table}' ORDER BY person_id, start_date, row_id)",
    )
