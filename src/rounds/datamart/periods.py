"""Observation periods, from the first to the last recorded event of each person."""

from collections.abc import Mapping

import duckdb

from rounds.datamart.cdm import EVENT_TABLES, insert
from rounds.datamart.mapping import cdm_columns, mapping

__all__ = ["derive_observation_periods", "describe_source", "event_dates"]

_CDM_5_4 = "756265"
_TYPE = next(r["concept_id"] for r in mapping("fixed_concepts") if r["code"] == "ehr")


def event_dates(of: Mapping[str, str] | None = None) -> str:
    """Write a query of every event's person_id, first day and last day.

    Parameters
    ----------
    of : mapping of str to str, optional
        For tables whose events are read elsewhere, the relation.
    """
    relations = of or {}
    parts = []
    for table, (_, date) in EVENT_TABLES.items():
        columns = {row["column"] for row in cdm_columns(table)}
        # Only a visit's end is an observation; a condition's may be long after.
        end = "visit_end_date" if "visit_end_date" in columns else date
        parts.append(
            f"SELECT person_id, {date} AS first_day, "
            f"coalesce({end}, {date}) AS last_day FROM {relations.get(table, table)}"
        )
    return " UNION ALL ".join(parts)


def derive_observation_periods(connection: duckdb.DuckDBPyConnection) -> None:
    """Give each person that has an event one observation period, with his or her id."""
    insert(
        connection,
        "observation_period",
        {
            "observation_period_id": "person_id",
            "person_id": "person_id",
            "observation_period_start_date": "min(first_day)",
            "observation_period_end_date": "max(last_day)",
            "period_type_concept_id": _TYPE,
        },
        f"({event_dates()}) GROUP BY person_id ORDER BY person_id",
    )


def describe_source(connection: duckdb.DuckDBPyConnection, shape: str) -> None:
    """Fill cdm_source where the source had none; its dates are the last event's."""
    insert(
        connection,
        "cdm_source",
        {
            "cdm_source_name": "'Rounds datamart'",
            "cdm_source_abbreviation": "'rounds'",
            "cdm_holder": "'not stated'",
            "source_description": f"'made from {shape}'",
            "source_release_date": "last_day",
            "cdm_release_date": "last_day",
            "cdm_version": "'5.4'",
            "cdm_version_concept_id": _CDM_5_4,
        },
        f"(SELECT max(last_day) AS last_day FROM ({event_dates()})) "
        "WHERE last_day IS NOT NULL AND NOT EXISTS (FROM cdm_source)",
    )
