"""What is known of a CDM table beside its columns: its dates, keys, and bare needs."""

from typing import Final

from rounds.datamart.cdm import EVENT_TABLES
from rounds.datamart.fhir.paths import text
from rounds.datamart.mapping import Row, cdm_columns, cdm_tables

__all__ = [
    "EVENTS",
    "FREE_KEYS",
    "KEYLESS",
    "MADE_KEYS",
    "UNREAD_TEXT",
    "VOCABULARY_TABLES",
    "hashed",
    "identity",
    "in_source",
    "is_concept",
    "is_identifier",
    "needed",
    "row_order",
    "row_tables",
]

EVENTS: Final[dict[str, tuple[str, str]]] = {
    **EVENT_TABLES,
    "device_exposure": ("device", "device_exposure_start_date"),
    "specimen": ("specimen", "specimen_date"),
}
"""Of each event table: what its concept columns begin with, and its date."""

VOCABULARY_TABLES: Final = frozenset(
    {
        "concept",
        "vocabulary",
        "domain",
        "concept_class",
        "relationship",
        "concept_relationship",
        "concept_ancestor",
        "concept_synonym",
        "drug_strength",
        "source_to_concept_map",
    }
)
"""Tables that hold no rows about persons; they are handed to the vocabulary."""

FREE_KEYS: Final = (set(EVENTS) - {"visit_occurrence"}) | {
    "note",
    "drug_era",
    "dose_era",
    "condition_era",
}
"""Tables to whose keys no column of another table is dedicated."""

KEYLESS: Final = frozenset({"episode_event", "fact_relationship", "cdm_source"})
"""Tables whose rows are known by all that they say."""

MADE_KEYS: Final = frozenset({"metadata"})
"""Tables that had no key before CDM 5.4: one is made from what the row says."""

UNREAD_TEXT: Final = {"note": ("note_text", "note_title")}
"""Free text, which may name anybody and which no measure reads: it is not loaded."""

_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "person": ("year_of_birth",),
    "death": ("death_date",),
    "concept": ("concept_name", "domain_id", "vocabulary_id", "concept_code"),
    "cdm_source": ("cdm_source_name",),
    "metadata": ("name",),
    "cost": ("cost_event_id", "cost_domain_id"),
    "note": ("person_id", "note_date"),
    "visit_detail": ("person_id", "visit_detail_start_date"),
    "episode": ("person_id", "episode_start_date"),
    "episode_event": (
        "episode_id",
        "event_id",
        "episode_event_field_concept_id",
    ),
    "fact_relationship": (
        "domain_concept_id_1",
        "fact_id_1",
        "domain_concept_id_2",
        "fact_id_2",
        "relationship_concept_id",
    ),
}
_PERIODS: Final = (
    "observation_period",
    "payer_plan_period",
    "drug_era",
    "dose_era",
    "condition_era",
)
_NAMED: Final = {
    ("person", "person_source_value"),
    ("care_site", "care_site_source_value"),
    ("provider", "provider_source_value"),
}


def row_tables() -> tuple[str, ...]:
    """Give the CDM tables whose rows a source fills: all but the vocabulary's."""
    return tuple(table for table in cdm_tables() if table not in VOCABULARY_TABLES)


def needed(table: str) -> tuple[str, ...]:
    """Give the columns, beside its key, without which a row says nothing."""
    if table in EVENTS:
        return ("person_id", EVENTS[table][1])
    if table in _PERIODS:
        return ("person_id", f"{table}_start_date", f"{table}_end_date")
    return _NEEDED.get(table, ())


def identity(table: str) -> str:
    """Give, as SQL, what no two rows of a table may share."""
    columns = [row["column"] for row in cdm_columns(table)]
    if table in KEYLESS:
        return ", ".join(f'"{name}"' for name in columns)
    keys = [row["column"] for row in cdm_columns(table) if row["primary_key"] == "yes"]
    return f'"{(keys or columns)[0]}"'


def row_order(table: str) -> str:
    """Give the order in which rows are kept: by person and date where they have any."""
    columns = {row["column"] for row in cdm_columns(table)}
    order = [f'"{name}"' for name in ("person_id",) if name in columns]
    dates = [name for name in needed(table) if name.endswith("_date")]
    order += [f'"{name}"' for name in dates[:1] if order]
    return ", ".join([*order, identity(table)])


def is_concept(name: str) -> bool:
    """Tell whether a column holds a concept."""
    return "_concept_id" in name or name == "concept_id"


def is_identifier(row: Row) -> bool:
    """Tell whether a column is a key, or refers to one."""
    name = row["column"]
    keyed = name.endswith("_id") or name in {"fact_id_1", "fact_id_2"}
    return keyed and row["type"] == "BIGINT" and not is_concept(name)


def in_source(table: str, row: Row, value: str, namespace: str) -> str:
    """Write a value as it stands in the datamart, in a source with a name of its own.

    One hash serves every table, so whatever refers to a row, by a column of its own or
    by a number whose table another column names, still does.

    Parameters
    ----------
    table : str
        A CDM table.
    row : Row
        One of its columns.
    value : str
        The value as SQL.
    namespace : str
        The name of the source; empty for `main`, in which nothing changes.
    """
    if not namespace:
        return value
    if is_identifier(row):
        return hashed(f"{text(namespace + '|')} || ({value})")
    if (table, row["column"]) in _NAMED:
        return f"{text(namespace + ':')} || ({value})"
    return value


def hashed(words: str) -> str:
    """Write a key in [1, 2**63) made from words; NULL of NULL."""
    return f"CAST(md5_number_lower({words}) % {2**63 - 1} + 1 AS BIGINT)"
