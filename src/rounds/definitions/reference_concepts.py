"""Which concepts are in a concept set, for the reference engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from rounds.definitions.code_systems import is_tree, vocabulary_of
from rounds.nouns import Code, CodePrefix, ConceptSet

__all__ = ["concepts_of"]

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


def concepts_of(one: ConceptSet, tables: Tables) -> frozenset[int]:
    """Give the concept ids of a concept set.

    Parameters
    ----------
    one : ConceptSet
        With the additions that are enabled.
    tables : mapping of str to sequence of mappings
        `concept` and, where a vocabulary is loaded, `concept_ancestor` and
        `concept_relationship`.
    """

    def closure(codes: Sequence[Code | CodePrefix]) -> set[int]:
        found: set[int] = set()
        for code in codes:
            own = _named(code, tables)
            found |= own
            if one.descendants:
                found |= _below(code, own, tables)
        return found | _mapped(found, tables) if one.mapped else found

    return frozenset(closure(one.include) - closure(one.exclude))


def _named(code: Code | CodePrefix, tables: Tables) -> set[int]:
    begins = isinstance(code, CodePrefix)
    written = code.code_prefix if isinstance(code, CodePrefix) else code.code
    return {
        row["concept_id"]
        for row in tables.get("concept", ())
        if row["concept_id"] > 0
        and row["vocabulary_id"] == vocabulary_of(code.system)
        and (
            row["concept_code"].startswith(written)
            if begins
            else row["concept_code"] == written
        )
    }


def _below(code: Code | CodePrefix, own: set[int], tables: Tables) -> set[int]:
    hierarchy = [
        row
        for row in tables.get("concept_ancestor", ())
        if row["ancestor_concept_id"] in own
    ]
    if hierarchy:
        return {row["descendant_concept_id"] for row in hierarchy}
    if isinstance(code, Code) and is_tree(vocabulary_of(code.system)):
        return _named(CodePrefix(system=code.system, code_prefix=code.code), tables)
    return set()


def _mapped(ids: set[int], tables: Tables) -> set[int]:
    return {
        row["concept_id_1"]
        for row in tables.get("concept_relationship", ())
        if row["relationship_id"] == "Maps to"
        and row.get("invalid_reason") is None
        and row["concept_id_2"] in ids
    }
