"""Two small tables: FHIR code system to OMOP vocabulary, visit class to concepts."""

import csv
from collections.abc import Iterable
from functools import cache
from importlib import resources

__all__ = [
    "code_systems",
    "drug_type_concepts",
    "is_tree",
    "unit_concepts",
    "visit_concepts",
    "vocabulary_of",
]

_TREES = frozenset(
    {"ATC", "ICD10", "ICD10CM", "ICD10GM", "ICD10PCS", "ICD9CM", "ICD9Proc"}
)


@cache
def code_systems() -> dict[str, str]:
    """Give FHIR code system URI → OMOP `vocabulary_id` (`code_systems.csv`)."""
    return {row["uri"]: row["vocabulary_id"] for row in _table("code_systems.csv")}


def vocabulary_of(uri: str) -> str:
    """Give the OMOP `vocabulary_id` of a FHIR code system.

    A system that the table does not know is its own vocabulary: no code is lost.

    Examples
    --------
    >>> vocabulary_of("http://snomed.info/sct"), vocabulary_of("urn:oid:1.2.3")
    ('SNOMED', 'urn:oid:1.2.3')
    """
    return code_systems().get(uri, uri)


def is_tree(vocabulary_id: str) -> bool:
    """Tell whether a vocabulary's codes below a code begin with it.

    Examples
    --------
    >>> is_tree("ICD10CM"), is_tree("SNOMED")
    (True, False)
    """
    return vocabulary_id in _TREES


def visit_concepts(classes: Iterable[str]) -> frozenset[int]:
    """Give the OMOP visit concepts of some visit classes.

    Examples
    --------
    >>> sorted(visit_concepts(["emergency"]))
    [262, 9203]
    """
    wanted = set(classes)
    return frozenset(
        int(row["concept_id"])
        for row in _table("visit_classes.csv")
        if row["visit_class"] in wanted
    )


def drug_type_concepts(types: Iterable[str]) -> frozenset[int]:
    """Give the OMOP type concepts of some ways to record a medicine.

    Examples
    --------
    >>> sorted(drug_type_concepts(["administration"]))
    [32818]
    """
    wanted = set(types)
    return frozenset(
        int(row["concept_id"])
        for row in _table("drug_types.csv")
        if row["drug_type"] in wanted
    )


@cache
def _table(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files("rounds.definitions").joinpath(name).read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def unit_concepts(units: Iterable[str]) -> frozenset[int]:
    """Give the standard OMOP unit concepts of some UCUM units, where they are known.

    Examples
    --------
    >>> sorted(unit_concepts(["mm[Hg]", "mmHg"]))
    [8876]
    """
    wanted = set(units)
    return frozenset(
        int(row["concept_id"])
        for row in _table("unit_concepts.csv")
        if row["ucum"] in wanted
    )
