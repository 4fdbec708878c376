"""The concepts that a reader sees: the vocabulary's, the sources' own, and local ones.

A local concept stands for a code that the vocabulary does not know. Its id is a hash of
vocabulary and code, so that it is the same in every part, whatever was loaded first.
"""

from collections.abc import Collection, Mapping, Sequence

from rounds.datamart.mapping import cdm_columns
from rounds.datamart.vocabulary.concepts import local_concept_id

__all__ = ["concept_relation", "local_code_relation"]

Held = Mapping[str, Collection[str]]
"""Alias → its tables."""

_LOCAL_ID = local_concept_id("vocabulary_id", "code")


def concept_relation(held: Held, aliases: Sequence[str]) -> str:
    """Write the relation of all concepts, each id once."""
    names = [row["column"] for row in cdm_columns("concept")]
    columns = ", ".join(f'"{name}"' for name in names)
    selects = [f"SELECT {columns} FROM vocabulary.concept"]
    own = [
        f'SELECT {columns} FROM "{alias}".concept'
        for alias in aliases
        if "concept" in held[alias]
    ]
    if own:
        selects.append(
            f"SELECT * FROM ({' UNION '.join(own)}) AS own ANTI JOIN "
            "vocabulary.concept AS known ON known.concept_id = own.concept_id"
        )
    if any("rounds_local_code" in held[alias] for alias in aliases):
        known = {
            "concept_id": _LOCAL_ID,
            "concept_name": "display",
            "domain_id": "domain",
            "vocabulary_id": "vocabulary_id",
            "concept_class_id": "'Undefined'",
            "concept_code": "code",
            "valid_start_date": "DATE '1970-01-01'",
            "valid_end_date": "DATE '2099-12-31'",
        }
        local = ", ".join(f'{known.get(name, "NULL")} AS "{name}"' for name in names)
        relation = local_code_relation(held, aliases)
        selects.append(f"SELECT {local} FROM {relation} AS local_code")
    return f"({' UNION ALL '.join(selects)})"


def local_code_relation(held: Held, aliases: Sequence[str]) -> str:
    """Write the relation of local codes: the least display ever seen stands for all."""
    given = [
        f'SELECT vocabulary_id, code, display, domain FROM "{alias}".rounds_local_code'
        for alias in aliases
        if "rounds_local_code" in held[alias]
    ] or [
        (
            "SELECT NULL::VARCHAR AS vocabulary_id, NULL::VARCHAR AS code, "
            "NULL::VARCHAR AS display, NULL::VARCHAR AS domain LIMIT 0"
        )
    ]
    return (
        "(SELECT vocabulary_id, code, coalesce(min(display), code) AS display, "
        f"min(domain) AS domain FROM ({' UNION ALL '.join(given)}) "
        "GROUP BY vocabulary_id, code)"
    )
