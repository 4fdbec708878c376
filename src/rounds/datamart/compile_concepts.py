"""Codes to the datamart's concepts, and what the datamart has none of."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from rounds.datamart.compile import Concepts
from rounds.datamart.compile_events import TABLES, accepted_unit, member
from rounds.definitions import vocabulary_of
from rounds.definitions.graph import CLAUSES, concept_set_of, needed_events, nodes
from rounds.nouns import Code, CodePrefix, ConceptSet, Events, Measure

if TYPE_CHECKING:
    from rounds.datamart.derived import Derived

__all__ = ["absent_events", "other_units", "resolve"]

Key: TypeAlias = tuple[str, str, bool]
"""Vocabulary, code, and whether it is a beginning."""

_SVI: Final = ConceptSet(
    name="svi",
    include=(
        Code(
            system="https://www.atsdr.cdc.gov/place-health/php/svi", code="RPL_THEMES"
        ),
    ),
)


def resolve(derived: "Derived", measure: Measure) -> Concepts:
    """Find the concepts of a measure's codes in the datamart's `concept` table.

    Parameters
    ----------
    derived : Derived
        What is asked of the datamart.
    measure : Measure
        Its concept sets, with the additions that are enabled.

    Returns
    -------
    Concepts
        A concept set of which no code is known to the datamart is empty.
    """
    sets = {one.name: concept_set_of(measure, one.name) for one in measure.concept_sets}
    codes = _known(
        derived,
        {
            _key(code)
            for one in (*sets.values(), _SVI)
            for code in (*one.include, *one.exclude)
        },
    )
    spellings = sorted(
        {unit for events in all_events(measure) for unit in events.units}
    )
    found = derived.ask(
        "SELECT concept_code, min(concept_id) FROM concept "
        "WHERE vocabulary_id = 'UCUM' AND concept_code IN (SELECT unnest($1)) "
        "AND concept_id > 0 GROUP BY concept_code",
        [spellings],
    )
    return Concepts(
        sets={name: _ids(codes, one) for name, one in sets.items()},
        units=dict(found),
        svi=_ids(codes, _SVI),
    )


def _key(code: Code | CodePrefix) -> Key:
    if isinstance(code, Code):
        return (vocabulary_of(code.system), code.code, False)
    return (vocabulary_of(code.system), code.code_prefix, True)


def _ids(codes: Mapping[Key, set[int]], concept_set: ConceptSet) -> tuple[int, ...]:
    found: set[int] = set()
    for code in concept_set.include:
        found |= codes[_key(code)]
    for code in concept_set.exclude:
        found -= codes[_key(code)]
    return tuple(sorted(found))


def _known(derived: "Derived", wanted: Iterable[Key]) -> dict[Key, set[int]]:
    """Find the concepts of all codes at once, but those found before."""
    codes = derived.codes
    missing = sorted(set(wanted) - codes.keys())
    found: dict[Key, set[int]] = {key: set() for key in missing}
    for begun, test in (
        (False, "c.concept_code = w.code"),
        (True, "starts_with(c.concept_code, w.code)"),
    ):
        of_kind = [key for key in missing if key[2] == begun]
        if of_kind:
            rows = derived.ask(
                "SELECT w.vocabulary, w.code, c.concept_id FROM concept c JOIN "
                "(SELECT unnest($1) AS vocabulary, unnest($2) AS code) w "
                f"ON c.vocabulary_id = w.vocabulary AND {test} WHERE c.concept_id > 0",
                [[key[0] for key in of_kind], [key[1] for key in of_kind]],
            )
            for vocabulary, code, concept in rows:
                found[(vocabulary, code, begun)].add(concept)
    codes.update(found)
    return codes


def all_events(measure: Measure) -> tuple[Events, ...]:
    """Give every events node of every clause, each once, in the order written."""
    found: dict[Events, None] = {}
    for clause in CLAUSES:
        root = getattr(measure, clause)
        if root is not None:
            for _, node in nodes(root):
                if isinstance(node, Events):
                    found[node] = None
    return tuple(found)


def absent_events(
    derived: "Derived",
    measure: Measure,
    concepts: Concepts,
    events: Iterable[Events] | None = None,
) -> list[str]:
    """Name what the datamart holds no row of, of all that the outcome needs.

    Parameters
    ----------
    derived : Derived
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
    missing: dict[str, None] = {}
    for one in needed_events(measure) if events is None else events:
        if one.concept_set is None:
            continue
        where = member(one, concepts.sets)
        if one.units:
            where = f"{where} AND {accepted_unit(one, concepts.units)}"
        table = TABLES[one.domain].table
        if not derived.ask(f"SELECT 1 FROM {table} t WHERE {where} LIMIT 1"):
            title = concept_set_of(measure, one.concept_set).title or one.concept_set
            unit = f" in {' or '.join(one.units)}" if one.units else ""
            missing[f"{title} ({one.domain}{unit})"] = None
    return list(missing)


def other_units(derived: "Derived", measure: Measure, concepts: Concepts) -> list[str]:
    """Say how many values were not used because of their unit, as limitations."""
    said: dict[str, None] = {}
    for one in all_events(measure):
        if not one.units or one.concept_set is None:
            continue
        rows = derived.ask(
            f"SELECT count(*) FILTER (t.value_as_number IS NOT NULL AND NOT "
            f"({accepted_unit(one, concepts.units)})) "
            f"FROM {TABLES[one.domain].table} t WHERE {member(one, concepts.sets)}"
        )
        unused = rows[0][0]
        if unused:
            few = "1 to 10" if unused <= 10 else f"{unused:,}"
            title = concept_set_of(measure, one.concept_set).title or one.concept_set
            said[
                f"{few} values of {title} in the datamart are not in "
                f"{' or '.join(one.units)} (or have no unit) and were not used."
            ] = None
    return list(said)
