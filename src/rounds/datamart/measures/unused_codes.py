"""Codes of a measure that no row of the data has: said beside its result."""

from typing import Final

from rounds.datamart.compiling.concepts import all_events
from rounds.datamart.compiling.events import TABLES
from rounds.datamart.compiling.measure import Concepts
from rounds.datamart.compiling.points import numbers
from rounds.datamart.engines.base import Engine
from rounds.definitions.graph import concept_set_of
from rounds.nouns import Measure

__all__ = ["unused_codes"]

_MOST: Final = 12
"""So many of one concept set are named; of the rest, how many there are."""


def unused_codes(
    derived: Engine, measure: Measure, concepts: Concepts
) -> tuple[str, ...]:
    """Give of each concept set that events are looked up by the codes never used.

    A code is used if a row has its concept, or one below it where the set asks for
    these, in a table in which the measure looks the set up.

    Parameters
    ----------
    derived : Engine
        What is asked of the datamart.
    measure : Measure
        The measure.
    concepts : Concepts
        What its codes are in this datamart.

    Returns
    -------
    tuple of str
        A sentence for each concept set that has such codes.
    """
    domains: dict[str, set[str]] = {}
    for events in all_events(measure):
        if events.concept_set is not None:
            domains.setdefault(events.concept_set, set()).add(events.domain)
    said = []
    for name, those in domains.items():
        used = _used(derived, sorted(those), concepts.sets[name])
        lacking = [
            code for code, ids in concepts.by_code[name].items() if used.isdisjoint(ids)
        ]
        if lacking:
            title = concept_set_of(measure, name).title or name
            more = len(lacking) - _MOST
            listed = ", ".join(lacking[:_MOST])
            said.append(f"{title}: {listed}{f' and {more} more' if more > 0 else ''}")
    return tuple(said)


def _used(derived: Engine, domains: list[str], ids: tuple[int, ...]) -> set[int]:
    """Give those of some concepts that rows of some domains have."""
    if not ids:
        return set()
    listed = numbers(ids)
    found: set[int] = set()
    for domain in domains:
        source = TABLES[domain]
        for column in (source.concept, source.source_concept):
            rows = derived.ask(
                f"SELECT DISTINCT t.{column} AS concept_id FROM {source.table} t "
                f"WHERE t.{column} IN ({listed})"
            )
            found.update(concept for (concept,) in rows)
    return found
