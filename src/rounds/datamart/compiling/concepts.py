"""Codes to the datamart's concepts, and what the datamart has none of."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from rounds.datamart.compiling.events import TABLES, member, numbers, text
from rounds.datamart.compiling.measure import Concepts
from rounds.datamart.compiling.units import find_units
from rounds.datamart.engines.base import CodeKey, Engine
from rounds.definitions import is_tree, vocabulary_of
from rounds.definitions.graph import clauses, concept_set_of, needed_events, nodes
from rounds.nouns import Code, CodePrefix, ConceptSet, Events, Measure

__all__ = ["absent_events", "other_units", "resolve", "resolve_sets"]

_SVI: Final = ConceptSet(
    name="svi",
    include=(
        Code(
            system="https://www.atsdr.cdc.gov/place-health/php/svi", code="RPL_THEMES"
        ),
    ),
)


def resolve(derived: Engine, measure: Measure) -> Concepts:
    """Find the concepts of a measure's codes in the datamart's `concept` table.

    Parameters
    ----------
    derived : Engine
        What is asked of the datamart.
    measure : Measure
        Its concept sets, with the additions that are enabled.

    Returns
    -------
    Concepts
        A concept set of which no code is known to the datamart is empty. Descendants
        come from the vocabulary's hierarchy; where it has none of a code, from the
        beginning of the code, if its system's codes are a tree.
    """
    sets = {one.name: concept_set_of(measure, one.name) for one in measure.concept_sets}
    every = (*sets.values(), _SVI)
    codes = _known(derived, {key for one in every for key in _keys(one)})
    below = _below(derived, every, codes)
    found = {name: _ids(derived, codes, below, one) for name, one in sets.items()}
    return Concepts(
        sets=found,
        units=find_units(derived, all_events(measure), found),
        svi=_ids(derived, codes, below, _SVI),
        by_code={
            name: {
                " ".join(_key(code)[:2]) + ("*" if _key(code)[2] else ""): _ids(
                    derived, codes, below, _alone(one, code)
                )
                for code in one.include
            }
            for name, one in sets.items()
        },
        limitations=tuple(
            f"Codes below those of {one.title or one.name} are not known to the "
            "datamart's vocabulary, so only the codes that are listed are counted."
            for one in sets.values()
            if one.descendants and _is_listed_alone(codes, below, one)
        ),
    )


def resolve_sets(
    derived: Engine, sets: Iterable[ConceptSet]
) -> tuple[dict[str, tuple[int, ...]], bool]:
    """Find the concepts of concept sets that belong to no measure.

    Returns
    -------
    dict of str to tuple of int, bool
        By name; and whether some listed code may have others below it that the
        datamart's vocabulary does not know.
    """
    every = tuple(sets)
    codes = _known(derived, {key for one in every for key in _keys(one)})
    below = _below(derived, every, codes)
    found = {one.name: _ids(derived, codes, below, one) for one in every}
    return found, any(
        one.descendants and _is_listed_alone(codes, below, one) for one in every
    )


def _key(code: Code | CodePrefix) -> CodeKey:
    if isinstance(code, Code):
        return (vocabulary_of(code.system), code.code, False)
    return (vocabulary_of(code.system), code.code_prefix, True)


def _keys(one: ConceptSet) -> Iterator[CodeKey]:
    """Give the codes of a concept set, and beginnings that may be descendants."""
    for code in (*one.include, *one.exclude):
        key = _key(code)
        yield key
        if one.descendants and is_tree(key[0]):
            yield (*key[:2], True)


def _ids(
    derived: Engine,
    codes: Mapping[CodeKey, set[int]],
    below: Mapping[int, set[int]],
    one: ConceptSet,
) -> tuple[int, ...]:
    def closure(listed: Iterable[Code | CodePrefix]) -> set[int]:
        found: set[int] = set()
        for code in listed:
            key = _key(code)
            own = codes[key]
            found |= own
            if one.descendants:
                found.update(*(below[each] for each in own if each in below))
                if own.isdisjoint(below) and is_tree(key[0]):
                    found |= codes[(*key[:2], True)]
        return found | _mapped(derived, found) if one.mapped else found

    return tuple(sorted(closure(one.include) - closure(one.exclude)))


def _alone(one: ConceptSet, code: Code | CodePrefix) -> ConceptSet:
    return one.model_copy(update={"include": (code,), "mapped": False})


def _is_listed_alone(
    codes: Mapping[CodeKey, set[int]], below: Mapping[int, set[int]], one: ConceptSet
) -> bool:
    """Tell whether some code could have descendants that nothing here would know."""
    return any(
        codes[_key(code)].isdisjoint(below) and not is_tree(vocabulary_of(code.system))
        for code in one.include
        if isinstance(code, Code)
    )


def _below(
    derived: Engine, every: Iterable[ConceptSet], codes: Mapping[CodeKey, set[int]]
) -> dict[int, set[int]]:
    """Give the descendants of every concept that the hierarchy knows."""
    tops: set[int] = set()
    for one in every:
        if one.descendants:
            tops.update(*(codes[_key(c)] for c in (*one.include, *one.exclude)))
    if not tops or not derived.holds("concept_ancestor"):
        return {}
    rows = derived.ask(
        "SELECT ancestor_concept_id, descendant_concept_id "
        f"FROM concept_ancestor WHERE ancestor_concept_id IN ({numbers(tuple(tops))})"
    )
    found: dict[int, set[int]] = {}
    for top, descendant in rows:
        found.setdefault(top, set()).add(descendant)
    return found


def _mapped(derived: Engine, ids: set[int]) -> set[int]:
    """Give the source concepts that map to some concepts."""
    if not ids or not derived.holds("concept_relationship"):
        return set()
    rows = derived.ask(
        "SELECT DISTINCT concept_id_1 FROM concept_relationship "
        "WHERE relationship_id = 'Maps to' AND invalid_reason IS NULL "
        f"AND concept_id_2 IN ({numbers(tuple(ids))})"
    )
    return {row[0] for row in rows}


def _known(derived: Engine, wanted: Iterable[CodeKey]) -> dict[CodeKey, set[int]]:
    """Find the concepts of all codes at once, but those found before."""
    codes = derived.codes
    missing = sorted(set(wanted) - codes.keys())
    found: dict[CodeKey, set[int]] = {key: set() for key in missing}
    for begun, test in (
        (False, "c.concept_code = w.code"),
        (True, "starts_with(c.concept_code, w.code)"),
    ):
        of_kind = [key for key in missing if key[2] == begun]
        if of_kind:
            # Sorted by vocabulary, the table is read where these stand, and no further.
            systems = ", ".join(text(each) for each in sorted({k[0] for k in of_kind}))
            listed = ", ".join(f"({text(k[0])}, {text(k[1])})" for k in of_kind)
            rows = derived.ask(
                "SELECT w.vocabulary, w.code, c.concept_id FROM concept c JOIN "
                f"(SELECT * FROM (VALUES {listed}) AS v(vocabulary, code)) w "
                f"ON c.vocabulary_id = w.vocabulary AND {test} WHERE c.concept_id > 0 "
                f"AND c.vocabulary_id IN ({systems})"
            )
            for vocabulary, code, concept in rows:
                found[(vocabulary, code, begun)].add(concept)
    codes.update(found)
    return codes


def all_events(measure: Measure) -> tuple[Events, ...]:
    """Give every events node of every clause, each once, in the order written."""
    found: dict[Events, None] = {}
    for _, root in clauses(measure):
        for _, node in nodes(root):
            if isinstance(node, Events):
                found[node] = None
    return tuple(found)


def absent_events(
    derived: Engine,
    measure: Measure,
    concepts: Concepts,
    events: Iterable[Events] | None = None,
) -> list[str]:
    """Name what the datamart holds no row of, of all that the outcome needs.

    Parameters
    ----------
    derived : Engine
        What is asked of the datamart.
    measure : Measure
        The measure.
    concepts : Concepts
        What its codes are in this datamart.
    events : iterable of Events, optional
        What to look for; by default all that the numerator or the observation reads.

    Returns
    -------
    list of str
        Titles of concept sets, each once; empty if there is something of everything.
    """

    def is_absent(one: Events) -> bool:
        if one.concept_set is None:
            return False
        where = member(one, concepts.sets)
        if one.units:
            where = f"{where} AND {concepts.units.usable(one)}"
        table = TABLES[one.domain].table
        return not derived.ask(f"SELECT 1 FROM {table} t WHERE {where} LIMIT 1")

    missing: dict[str, None] = {}
    lacking = (
        needed_events(measure, is_absent)
        if events is None
        else tuple(one for one in events if is_absent(one))
    )
    for one in lacking:
        assert one.concept_set is not None, "what needs no code is never absent"
        title = concept_set_of(measure, one.concept_set).title or one.concept_set
        unit = f" in {' or '.join(one.units)}" if one.units else ""
        missing[f"{title} ({one.domain}{unit})"] = None
    return list(missing)


def other_units(measure: Measure, concepts: Concepts) -> list[str]:
    """Say how many values were not used because of their unit, as limitations."""
    said: dict[str, None] = {}
    for one in all_events(measure):
        if one.units and one.concept_set is not None:
            title = concept_set_of(measure, one.concept_set).title or one.concept_set
            unused = concepts.units.limitations(one, title)
            if unused:
                said[unused] = None
    return list(said)
