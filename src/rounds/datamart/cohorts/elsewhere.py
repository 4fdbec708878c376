"""Cohorts on a CDM that is elsewhere: it is read, and counted here.

One statement computes a cohort's rows and its attrition where the CDM is, and writes
nothing there, not even a temporary table. They are then counted as on our own store.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa

from rounds.datamart.cohorts.dialects import Dialect, tables_for_results
from rounds.datamart.cohorts.domains import reads_of
from rounds.datamart.cohorts.folding import Folded, attrition_and_rows, rows_alone
from rounds.datamart.cohorts.reading import Reading, concept_ids, tables_of
from rounds.datamart.engines.dialects import translated
from rounds.datamart.mapping import cdm_tables
from rounds.nouns import Cohort
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.datamart.engines.remote import RemoteEngine

__all__ = ["filled_elsewhere", "reading_elsewhere", "stays_query"]

_DIALECTS: Final[dict[str, Dialect]] = {
    "duckdb": "duckdb",
    "postgres": "postgresql",
    "spark": "spark",
}
"""sqlglot's name → what cohorts are written in, of engines that they are run on."""
_HERE: Final = "elsewhere"
_PERSONS: Final = (
    "SELECT person_id, person_source_value, gender_concept_id, year_of_birth "
    "FROM person"
)
_BELOW: Final = (
    "SELECT ancestor_concept_id, descendant_concept_id FROM concept_ancestor "
    "WHERE ancestor_concept_id IN (SELECT concept_id FROM listed_here)"
)
_MAPS: Final = (
    "SELECT concept_id_1, concept_id_2 FROM concept_relationship "
    "WHERE relationship_id = 'Maps to' "
    "AND invalid_reason IS NULL AND concept_id_1 IN (SELECT concept_id FROM used_here)"
)


def stays_query(engine: "RemoteEngine", cohort: Cohort) -> str:
    """Make a cohort's rows known to an engine, and write the query that reads them.

    Raises
    ------
    DefinitionError
        If cohorts are not run on this engine, or Circe has no SQL for the cohort.
    """
    own = _own_vocabulary(engine, cohort, known=_has_vocabulary(engine))
    folded = rows_alone(cohort, _dialect(engine), own)
    name = f"stays_{_digest(folded)}"
    engine.native(name, folded.sql, made=folded.made, own=own)
    return f"SELECT subject_id, cohort_start_date, cohort_end_date FROM {name}"


@contextmanager
def filled_elsewhere(
    engine: "RemoteEngine", cohorts: Sequence[Cohort]
) -> Iterator[Reading]:
    """Compute cohorts where the CDM is; give a reading of what came of it.

    Parameters
    ----------
    engine : RemoteEngine
        Over the CDM.
    cohorts : sequence of Cohort
        Their rows are under the ids 1, 2, …

    Raises
    ------
    DefinitionError
        If cohorts are not run on this engine, or Circe has no SQL for one.
    DataError
        If the CDM lacks a table or a column.
    SourceError
        If the engine does not answer.
    """
    _dialect(engine)
    with reading_elsewhere(engine, cohorts) as opened:
        persons = engine.read({}, _PERSONS, {})
        names = pa.array(persons["person_source_value"], pa.string())
        _put(opened.cursor, "person", {**persons, "person_source_value": names})
        for number, cohort in enumerate(cohorts, 1):
            _compute(engine, cohort, opened, number)
        yield opened


@contextmanager
def reading_elsewhere(
    engine: "RemoteEngine", cohorts: Sequence[Cohort]
) -> Iterator[Reading]:
    """Give what there is to say of some cohorts' codes and tables; no row of theirs."""
    places = {
        "cdm": _HERE,
        "vocabulary": _HERE,
        "cohort": f"{_HERE}.cohort",
        "attrition": f"{_HERE}.cohort_attrition",
    }
    known = _has_vocabulary(engine)
    with duckdb.connect() as here:
        here.execute(f"CREATE SCHEMA {_HERE}")
        for statement in tables_for_results("duckdb", places):
            here.execute(statement)
        _codes(engine, cohorts, here, known=known)
        read = frozenset[str]().union(*(tables_of(one) for one in cohorts))
        empty = tuple(
            table
            for table in sorted(read & {*cdm_tables()})
            if not engine.ask(f"SELECT 1 AS one FROM {table} LIMIT 1")
        )
        yield Reading(here, places, known, (), empty, has_ingredients=True)


def _dialect(engine: "RemoteEngine") -> Dialect:
    if engine.dialect not in _DIALECTS:
        raise DefinitionError(
            f"Cohorts are not run on {engine.place}.",
            code="cohort-engine",
            why="Circe's SQL is written for DuckDB, PostgreSQL and Spark, and what has "
            "not been compared gives no numbers.",
            remedies=("Load the CDM into a datamart of your own: rounds data load",),
        )
    return _DIALECTS[engine.dialect]


def _compute(
    engine: "RemoteEngine", cohort: Cohort, opened: Reading, number: int
) -> None:
    own = _own_vocabulary(engine, cohort, known=opened.has_vocabulary)
    folded = attrition_and_rows(cohort, _dialect(engine), own)
    name = f"found_{_digest(folded)}"
    engine.native(name, folded.sql, made=folded.made, own=own)
    columns = "is_step, person_id, start_date, end_date, mask, events"
    found = engine.read({}, f"SELECT {columns} FROM {name}", {})
    here = opened.cursor
    here.register("found_there", pa.table(dict(found)))
    here.execute(
        f"INSERT INTO {_HERE}.cohort SELECT {number}, person_id, start_date, end_date "
        "FROM found_there WHERE is_step = 0"
    )
    here.execute(
        f"INSERT INTO {_HERE}.cohort_attrition SELECT {number}, person_id, mask, "
        "events FROM found_there WHERE is_step = 1"
    )
    here.unregister("found_there")


_NOTHING_MAPS: Final = {
    "concept_relationship": (
        "SELECT CAST(0 AS BIGINT) AS concept_id_1, CAST(0 AS BIGINT) AS concept_id_2, "
        "CAST('' AS VARCHAR) AS relationship_id, "
        "CAST(NULL AS VARCHAR) AS invalid_reason WHERE 1 = 0"
    )
}


def _has_vocabulary(engine: "RemoteEngine") -> bool:
    return engine.holds("concept_ancestor") and bool(
        engine.ask("SELECT 1 AS one FROM concept_ancestor LIMIT 1")
    )


def _own_vocabulary(
    engine: "RemoteEngine", cohort: Cohort, *, known: bool
) -> dict[str, str]:
    """Write what the CDM's vocabulary lacks: name → query in the engine's dialect."""
    own = {} if known else _stand_for_themselves(cohort)
    if not engine.holds("concept_relationship"):
        own = own | _NOTHING_MAPS
    return {name: translated(sql, engine.dialect) for name, sql in own.items()}


def _stand_for_themselves(cohort: Cohort) -> dict[str, str]:
    """Write a vocabulary of the listed concepts, each with nothing below it."""
    listed = " UNION ALL ".join(
        f"SELECT {one} AS concept_id" for one in concept_ids([cohort]) or [0]
    )
    return {
        "concept": (
            "SELECT CAST(concept_id AS BIGINT) AS concept_id, "
            f"CAST(NULL AS VARCHAR) AS invalid_reason FROM ({listed}) AS listed"
        ),
        "concept_ancestor": (
            "SELECT concept_id AS ancestor_concept_id, "
            "concept_id AS descendant_concept_id FROM concept"
        ),
    }


def _codes(
    engine: "RemoteEngine",
    cohorts: Sequence[Cohort],
    here: duckdb.DuckDBPyConnection,
    *,
    known: bool,
) -> None:
    """Fetch which concepts the data use, and what of the vocabulary leads to them."""
    reads = {
        (one.table, one.column) for each in cohorts for one in reads_of(each.expression)
    }
    used: dict[str, dict[str, list[int | None]]] = {}
    for table, column in sorted(reads):
        rows = engine.ask(f"SELECT DISTINCT {column} AS concept_id FROM {table}")
        used.setdefault(table, {})[column] = [concept for (concept,) in rows]
    for table, columns in used.items():
        longest = max(map(len, columns.values()))
        padded = {
            name: found + [None] * (longest - len(found))
            for name, found in columns.items()
        }
        _put(here, table, _ids(padded))
    listed = concept_ids(cohorts)
    below: Any = dict.fromkeys(("ancestor_concept_id", "descendant_concept_id"), listed)
    if known:
        below = engine.read({}, _BELOW, {"listed_here": ("concept_id", listed)})
    _put(here, "concept_ancestor", _ids(below))
    maps: Any = {"concept_id_1": [], "concept_id_2": []}
    if engine.holds("concept_relationship"):
        every = {n for each in used.values() for found in each.values() for n in found}
        given = sorted(n for n in every if n is not None)
        maps = engine.read({}, _MAPS, {"used_here": ("concept_id", given)})
    _put(here, "mapped", _ids(maps))
    here.execute(
        f"CREATE TABLE {_HERE}.concept_relationship AS SELECT *, "
        "'Maps to' AS relationship_id, NULL::VARCHAR AS invalid_reason "
        f"FROM {_HERE}.mapped"
    )


def _ids(columns: Any) -> dict[str, Any]:
    return {name: pa.array(values, pa.int64()) for name, values in columns.items()}


def _put(here: duckdb.DuckDBPyConnection, table: str, columns: Any) -> None:
    """Put columns into a table of this process alone."""
    here.register("given", pa.table(dict(columns)))
    here.execute(f"CREATE OR REPLACE TABLE {_HERE}.{table} AS FROM given")
    here.unregister("given")


def _digest(folded: Folded) -> str:
    text = "\n".join([*folded.made, *folded.made.values(), folded.sql])
    return hashlib.sha256(text.encode()).hexdigest()[:24]
