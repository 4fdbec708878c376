"""Concept maps: from a code to the codes that say no more than it does.

A target may stand for a source if it means the same or is wider: what is said of the
source is then true of the target. A narrower or merely related target would say what
nobody has recorded.

References
----------
HL7 FHIR R4, ConceptMapEquivalence.
https://hl7.org/fhir/r4/codesystem-concept-map-equivalence.html
"""

from collections import Counter
from typing import Any, Final, NamedTuple

from rounds.datamart.vocabulary.fhir_terms import Resource, canonical
from rounds.definitions import vocabulary_of

__all__ = ["USABLE", "MapRows", "read_maps"]

USABLE: Final = frozenset(
    {
        "equal",
        "equivalent",
        "wider",
        "subsumes",
        "source-is-narrower-than-target",  # R5's word for wider
    }
)


class MapRows(NamedTuple):
    """The mappings that may be used, and what was left."""

    rows: list[tuple[str, str, str, str, str, str, str | None, str]]
    """url, version, source_vocabulary_id, source_code, target_vocabulary_id,
    target_code, target_display, equivalence."""
    refused: list[tuple[str, str]]
    """Canonical name, and why nothing of it is used."""
    remarks: list[str]


def read_maps(concept_maps: tuple[Resource, ...]) -> MapRows:
    """Read the mappings of concept maps.

    Parameters
    ----------
    concept_maps : tuple of dict
        The resources.

    Returns
    -------
    MapRows
        A mapping that hangs on other elements (`dependsOn`), or whose equivalence is
        none of `USABLE`, is counted in a remark and not used.
    """
    found = MapRows([], [], [])
    for one in concept_maps:
        name = canonical(one)
        left: Counter[str] = Counter()
        rows = []
        for group in one.get("group") or ():
            if not group.get("source") or not group.get("target"):
                left["without a code system"] += len(group.get("element") or ())
                continue
            rows += _rows(one, group, left)
        found.rows.extend(sorted(set(rows), key=lambda row: row[:6]))
        if not rows:
            found.refused.append((name, _why(left)))
        elif left:
            found.remarks.append(f"{name}: not used are {_listed(left)}")
    return found


def _rows(
    resource: Resource, group: dict[str, Any], left: Counter[str]
) -> list[tuple[str, str, str, str, str, str, str | None, str]]:
    rows = []
    source = vocabulary_of(group["source"])
    target = vocabulary_of(group["target"])
    for element in group.get("element") or ():
        for to in element.get("target") or ():
            meaning = to.get("equivalence") or to.get("relationship")
            if to.get("dependsOn"):
                left["that depend on other elements"] += 1
            elif meaning not in USABLE or not element.get("code") or not to.get("code"):
                left[f"{meaning or 'of no stated equivalence'}"] += 1
            else:
                rows.append(
                    (
                        resource["url"],
                        resource.get("version") or "",
                        source,
                        element["code"],
                        target,
                        to["code"],
                        to.get("display"),
                        meaning,
                    )
                )
    return rows


def _listed(left: Counter[str]) -> str:
    return ", ".join(f"{n:,} {what}" for what, n in sorted(left.items()))


def _why(left: Counter[str]) -> str:
    if not left:
        return "it maps nothing"
    return f"no target means the same or is wider: {_listed(left)}"
