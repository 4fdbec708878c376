"""From the common shape of events to the OMOP tables, sorted by person and date."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import duckdb

from rounds.datamart.cdm import EVENT_TABLES, insert, key_of
from rounds.datamart.fhir.events import Events
from rounds.datamart.fhir.keys import MOST_TARGETS, row_id
from rounds.datamart.fhir.paths import text
from rounds.datamart.fhir.targets import place_tables
from rounds.datamart.fhir.verdicts import good_rows
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
_BESIDE = {
    "found_value": "found_value.system = value_system "
    "AND found_value.code = value_code AND found_value.target = 0",
    "found_unit": "found_unit.system = unit_system "
    "AND found_unit.code = unit_source_value",
    "detail": "detail.system = detail_system "
    "AND detail.code = detail_code AND detail.target = 0",
}
"""How the codes beside an event's own are looked up: of values, units, details."""


def keep_crosswalk(connection: duckdb.DuckDBPyConnection, *, places: bool) -> None:
    """Keep which resource became which row, of every type that others refer to.

    The rows of events are found by their ids, which follow from their resources' keys.
    """
    kinds = {"Patient": "person", "Encounter": "visit_occurrence"}
    good = {"Encounter": good_rows("Encounter")}
    good["Patient"] = "good_Patient WHERE reason IS NULL"
    if places:
        kinds |= place_tables()
    parts = [
        f"SELECT '{kind}', id, '{table}', key FROM {good.get(kind, f'good_{kind}')}"
        for kind, table in kinds.items()
    ]
    connection.execute(f"INSERT INTO rounds_resource {' UNION ALL '.join(parts)}")


def write_events(
    connection: duckdb.DuckDBPyConnection, events: Sequence[Events]
) -> dict[str, int]:
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
    _make_unit_concepts(connection)
    counted = connection.execute(
        f"SELECT {_destination()}, source, sum(n)::BIGINT, "
        "coalesce(sum(n) FILTER (main.target = 0), 0)::BIGINT, "
        "bool_or(event.value_code IS NOT NULL), "
        "bool_or(event.unit_source_value IS NOT NULL), "
        "bool_or(event.detail_code IS NOT NULL) "
        f"FROM event_code AS {_MAIN} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    _insist_on_concepts(connection, sum(row[3] for row in counted))
    relations = {each.name: each.rows for each in events}
    n_tables = Counter(source for _, source, *_ in counted)
    routes: dict[str, list[str]] = defaultdict(list)
    rows: dict[str, int] = defaultdict(int)
    for table, source, n, _, *beside in counted:
        routed = _routed(relations[source], *beside)
        if n_tables[source] > 1:  # It takes long to ask each event where it goes.
            routed += f" AND {_destination()} = '{table}'"
        routes[table].append(routed)
        rows[table] += n
    for table, given in routes.items():
        _write(connection, table, given)
    return dict(rows)


def _destination() -> str:
    """Write which table an event goes to."""
    cases = " ".join(
        f"WHEN '{domain}' THEN '{table}'" for domain, table in TABLE_OF_DOMAIN.items()
    )
    domain = (
        "CASE WHEN event.stays THEN event.domain "
        "ELSE coalesce(main.domain, event.domain) END"
    )
    return f"CASE {domain} {cases} ELSE 'observation' END"


def _routed(events: str, *beside: bool) -> str:
    """Write the rows that some events make.

    `beside` says whether they have codes of values, of units and of details at all:
    nothing is looked up that is not there.
    """
    value = unit = source_unit = detail = "CAST(NULL AS BIGINT)"
    joins = ""
    for is_there, (name, condition) in zip(beside, _BESIDE.items(), strict=True):
        if is_there:
            codes = "unit_concept" if name == "found_unit" else "code_concept"
            joins += f" LEFT JOIN {codes} AS {name} ON {condition}"
    if beside[0]:
        value = (
            "CASE WHEN found_value.concept_id > 0 THEN found_value.concept_id "
            "ELSE found_value.source_concept_id END"
        )
    if beside[1]:
        unit, source_unit = "found_unit.concept_id", "found_unit.source_concept_id"
    if beside[2]:
        detail = "detail.concept_id"
    return (
        "SELECT event.*, "
        f"{row_id('event.key', 'event.part', 'main.target')} AS row_id, "
        f"{_concept()} AS concept_id, main.source_concept_id, "
        f"coalesce({value}, main.value_as_concept_id) AS value_concept_id, "
        f"{unit} AS unit_concept_id, {source_unit} AS unit_source_concept_id, "
        f"{detail} AS detail_concept_id, "
        f"{_LASTS}, coalesce(end_date, {_OPEN}) AS end_date_or_open, "
        "CAST(coalesce(round(quantity), 1) AS INTEGER) AS quantity_or_one "
        f"FROM ({events}) AS {_MAIN}{joins} "
        "WHERE event.kept"
    )


def _concept() -> str:
    """Write an event's concept: its code's, or what the resource says beyond its code.

    What stays where it is has no concept whose domain has another table. A code that
    the vocabulary divides into concept and value says all by itself.
    """
    elsewhere = ", ".join(text(domain) for domain in TABLE_OF_DOMAIN)
    own = (
        f"CASE WHEN event.stays AND list_contains([{elsewhere}], main.domain) "
        "AND main.domain <> event.domain THEN 0 ELSE main.concept_id END"
    )
    return (
        "CASE WHEN event.given_concept_id > 0 AND main.value_as_concept_id IS NULL "
        f"THEN event.given_concept_id ELSE {own} END"
    )


def _insist_on_concepts(connection: duckdb.DuckDBPyConnection, found: int) -> None:
    """See that each event has a row for each standard concept of its code."""
    events, most = connection.execute(
        "SELECT (SELECT coalesce(sum(n), 0) FROM event_code), "
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
    connection: duckdb.DuckDBPyConnection, table: str, routes: Sequence[str]
) -> None:
    """Write the rows of one table, sorted."""
    assert table in (*EVENT_TABLES, "payer_plan_period")
    values = {
        row["column"]: row["from"]
        for row in mapping("event_columns")
        if row["table"] == table
    }
    values[key_of(table)] = "row_id"
    insert(
        connection,
        table,
        values,
        f"({' UNION ALL '.join(routes)} ORDER BY person_id, start_date, row_id)",
    )
