"""Codes to the datamart's concepts, and what the datamart has none of."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from rounds.datamart.compile import Concepts
from rounds.datamart.compile_events import TABLES, accepted_unit, member
from rounds.definitions import vocabulary_of
from rounds.definitions.graph import CLAUSES, concept_set_of, needed_events, nodes
from rounds.nouns import Code, CodePrefix, ConceptSet, Events, Measure

if TYPE_CHECKING:
    import duckdb

__all__ = ["absent_events", "other_units", "resolve"]

_SVI: Final = ConceptSet(
    name="svi",
    include=(
        Code(
            system="https://www.atsdr.cdc.gov/place-health/php/svi", code="RPL_THEMES"
        ),
    ),
)


def resolve(connection: "duckdb.DuckDBPyConnection", measure: Measure) -> Concepts:
    """Find the concepts of a measure's codes in the datamart's `concept` table.

    Parameters
    ----------
    connection : DuckDBPyConnection
        A connection to the datamart.
    measure : Measure
        Its concept sets, with the additions that are enabled.

    Returns
    -------
    Concepts
        A concept set of which no code is known to the datamart is empty.
    """
    sets = {
        one.name: _ids(connection, concept_set_of(measure, one.name))
        for one in measure.concept_sets
    }
    spellings = sorted(
        {unit for events in all_events(measure) for unit in events.units}
    )
    found = connection.execute(
        "SELECT concept_code, min(concept_id) FROM concept "
        "WHERE vocabulary_id = 'UCUM' AND concept_code IN (SELECT unnest($1)) "
        "AND concept_id > 0 GROUP BY concept_code",
        [spellings],
    ).fetchall()
    return Concepts(sets=sets, units=dict(found), svi=_ids(connection, _SVI))


def _ids(
    connection: "duckdb.DuckDBPyConnection", concept_set: ConceptSet
) -> tuple[int, ...]:
    included = _known(connection, concept_set.include)
    return tuple(sorted(included - _known(connection, concept_set.exclude)))


def _known(
    connection: "duckdb.DuckDBPyConnection", codes: Iterable[Code | CodePrefix]
) -> set[int]:
    exact = [(vocabulary_of(c.system), c.code) for c in codes if isinstance(c, Code)]
    begun = [
        (vocabulary_of(c.system), c.code_prefix)
        for c in codes
        if isinstance(c, CodePrefix)
    ]
    found: set[int] = set()
    for pairs, test in (
        (exact, "c.concept_code = w.code"),
        (begun, "starts_with(c.concept_code, w.code)"),
    ):
        if pairs:
            rows = connection.execute(
                "SELECT c.concept_id FROM concept c JOIN "
                "(SELECT unnest($1) AS vocabulary, unnest($2) AS code) w "
                f"ON c.vocabulary_id = w.vocabulary AND {test} WHERE c.concept_id > 0",
                [[v for v, _ in pairs], [code for _, code in pairs]],
            ).fetchall()
            found |= {row[0] for row in rows}
    return found


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
    connection: "duckdb.DuckDBPyConnection",
    measure: Measure,
    concepts: Concepts,
    events: Iterable[Events] | None = None,
) -> list[str]:
    """Name what the datamart holds no row of, of all that the outcome needs.

    Parameters
    ----------
    connection : DuckDBPyConnection
        A connection to the datamart.
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
        if not connection.execute(
            f"SELECT 1 FROM {table} t WHERE {where} LIMIT 1"
        ).fetchall():
            title = concept_set_of(measure, one.concept_set).title or one.concept_set
            unit = f" in {' or '.join(one.units)}" if one.units else ""
            missing[f"{title} ({one.domain}{unit})"] = None
    return list(missing)


def other_units(
    connection: "duckdb.DuckDBPyConnection", measure: Measure, concepts: Concepts
) -> list[str]:
    """Say how many values were not used because of their unit, as limitations."""
    said: dict[str, None] = {}
    for one in all_events(measure):
        if not one.units or one.concept_set is None:
            continue
        row = connection.execute(
            f"SELECT count(*) FILTER (t.value_as_number IS NOT NULL AND NOT "
            f"({accepted_unit(one, concepts.units)})), count(*) "
            f"FROM {TABLES[one.domain].table} t WHERE {member(one, concepts.sets)}"
        ).fetchone()
        unused, total = row if row is not None else (0, 0)
        if unused:
            few = "1 to 10" if unused <= 10 else f"{unused:,}"
            title = concept_set_of(measure, one.concept_set).title or one.concept_set
            said[
                f"{few} values of {title} in the datamart are not in "
                f"{' or '.join(one.units)} (or have no unit) and were not used."
            ] = None
        del total
    return list(said)
