"""From the common shape of events to the OMOP tables, sorted by person and date."""

import duckdb

from rounds.datamart.cdm import EVENT_TABLES, insert, key_of
from rounds.datamart.mapping import mapping

__all__ = ["write_events"]

_TABLE_OF_DOMAIN = {
    "Condition": "condition_occurrence",
    "Measurement": "measurement",
    "Observation": "observation",
    "Procedure": "procedure_occurrence",
    "Drug": "drug_exposure",
}
_MAIN = (
    "event JOIN code_concept AS main ON main.system = event.code_system "
    "AND main.code = event.code"
)


def write_events(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Write each event into the table that its concept's domain chooses.

    A standard concept's domain goes before the domain that the resource suggests. A
    domain without a table here (say, Device) is an observation, as OMOP advises for
    what fits nowhere else.

    Returns
    -------
    dict of str to int
        How many events each table should hold.
    """
    cases = " ".join(
        f"WHEN '{domain}' THEN '{table}'" for domain, table in _TABLE_OF_DOMAIN.items()
    )
    chosen = f"CASE coalesce(main.domain, event.domain) {cases} ELSE 'observation' END"
    connection.execute(
        f"CREATE TEMP VIEW routed AS SELECT event.*, {chosen} AS target, "
        "main.concept_id, main.source_concept_id, "
        "CASE WHEN found_value.concept_id > 0 THEN found_value.concept_id "
        "ELSE found_value.source_concept_id END AS value_concept_id, "
        "CASE WHEN unit_source_value IS NULL THEN NULL WHEN is_ucum "
        "THEN found_unit.concept_id ELSE 0 END AS unit_concept_id, "
        "found_unit.source_concept_id AS unit_source_concept_id "
        f"FROM {_MAIN} "
        "LEFT JOIN code_concept AS found_value ON found_value.system = value_system "
        "AND found_value.code = value_code "
        "LEFT JOIN code_concept AS found_unit ON found_unit.system = unit_system "
        "AND found_unit.code = unit_source_value "
        "LEFT JOIN unit ON unit.system = unit_system AND unit.code = unit_source_value"
    )
    targets = dict(
        connection.execute(
            f"SELECT {chosen}, count(*) FROM {_MAIN} GROUP BY 1 ORDER BY 1"
        ).fetchall()
    )
    n_events = connection.execute("SELECT count(*) FROM event").fetchall()[0][0]
    assert n_events == sum(targets.values()), "an event's code has no concept"
    for table in targets:
        values = {
            row["column"]: row["from"]
            for row in mapping("event_columns")
            if row["table"] == table
        }
        assert table in EVENT_TABLES
        ordered = (
            f"(SELECT * FROM routed WHERE target = '{table}' "
            "ORDER BY person_id, start_date, id, resource, part)"
        )
        values[key_of(table)] = "row_number() OVER ()"
        insert(connection, table, values, ordered)
    return targets
