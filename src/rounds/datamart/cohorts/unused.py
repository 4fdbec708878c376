"""Codes of a cohort that no row of the data has: said beside its result."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rounds.datamart.cohorts.domains import reads_of
from rounds.datamart.cohorts.reading import Reading
from rounds.nouns import Cohort

__all__ = ["unused_concepts"]

_MOST: Final = 12
"""So many of one concept set are named; of the rest, how many there are."""

_REACHED: Final = """
WITH reached AS (
    SELECT place, concept_id AS within FROM listed
    UNION SELECT place, descendant_concept_id FROM listed
        JOIN {cdm}.concept_ancestor ON ancestor_concept_id = concept_id
        WHERE descendants
), mapped AS (
    SELECT * FROM reached
    UNION SELECT place, concept_id_1 FROM reached JOIN listed USING (place)
        JOIN {cdm}.concept_relationship ON concept_id_2 = within
            AND relationship_id = 'Maps to' AND invalid_reason IS NULL
        WHERE mapped
)
SELECT DISTINCT place FROM mapped JOIN used ON used.concept_id = within
    AND used.table_name = ANY (SELECT unnest(tables) FROM listed
        WHERE listed.place = mapped.place)
"""


def unused_concepts(
    reading: Reading, cohorts: Sequence[Cohort]
) -> tuple[tuple[str, ...], ...]:
    """Give of each cohort the listed concepts that the data never use.

    A concept is used if a row has it, or one below it or mapped to it where the set
    asks for these, in a column in which the cohort looks its set up.

    Returns
    -------
    tuple of tuple of str
        Sentences, of each cohort.
    """
    listed = [
        (n, one, item, columns)
        for n, cohort in enumerate(cohorts)
        for one, columns in _looked_up(cohort)
        for item in one["expression"]["items"]
        if not item.get("isExcluded")
    ]
    if not listed:
        return tuple(() for _ in cohorts)
    columns = sorted({column for *_, places in listed for column in places})
    cursor, cdm = reading.cursor, reading.places["cdm"]
    used = " UNION ALL ".join(
        f"SELECT DISTINCT '{table}.{column}' AS table_name, {column} AS concept_id "
        f"FROM {cdm}.{table}"
        for table, column in columns
    )
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE used AS {used}")
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE listed AS "
        "SELECT unnest(range(len($1))) AS place, unnest($1::BIGINT[]) AS concept_id, "
        "unnest($2::BOOLEAN[]) AS descendants, "
        "unnest($3::BOOLEAN[]) AS mapped, unnest($4::VARCHAR[][]) AS tables",
        [
            [item["concept"]["CONCEPT_ID"] for _, _, item, _ in listed],
            [bool(item.get("includeDescendants")) for _, _, item, _ in listed],
            [bool(item.get("includeMapped")) for _, _, item, _ in listed],
            [[".".join(one) for one in places] for *_, places in listed],
        ],
    )
    found = {place for (place,) in cursor.execute(_REACHED.format(cdm=cdm)).fetchall()}
    lacking: dict[tuple[int, str], list[str]] = {}
    for place, (n, one, item, _) in enumerate(listed):
        if place not in found:
            name = one.get("name") or f"concept set {one['id']}"
            lacking.setdefault((n, name), []).append(_said(item["concept"]))
    return tuple(
        tuple(_sentence(name, those) for (m, name), those in lacking.items() if m == n)
        for n in range(len(cohorts))
    )


def _looked_up(
    cohort: Cohort,
) -> list[tuple[dict[str, Any], list[tuple[str, str]]]]:
    """Give the concept sets that are looked up in rows, each with its columns."""
    places: dict[int, list[tuple[str, str]]] = {}
    for one in reads_of(cohort.expression):
        places.setdefault(one.concept_set, []).append((one.table, one.column))
    sets = {one["id"]: one for one in cohort.expression.get("ConceptSets", [])}
    return [(sets[number], columns) for number, columns in places.items()]


def _said(concept: Mapping[str, Any]) -> str:
    name = concept.get("CONCEPT_NAME")
    number = str(concept["CONCEPT_ID"])
    return f"{number} ({name})" if name else number


def _sentence(name: str, those: Sequence[str]) -> str:
    more = len(those) - _MOST
    listed = ", ".join(those[:_MOST]) + (f" and {more} more" if more > 0 else "")
    return f"{name}: {listed}"
