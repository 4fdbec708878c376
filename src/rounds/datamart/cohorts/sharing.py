"""Several cohorts compiled together, so that what they have in common is read once.

Three things are shared. Concept sets of equal content are resolved once. Of each table,
the rows that any of the cohorts' concept sets reaches are copied once, with the columns
that are read; each criterion then reads this slice. And criteria, or entry events, that
are the same in two places are evaluated once. Each cohort's rows are what they are
without it: a criterion that has codes sees only rows with its codes, and those are in
the slice.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from duckcdm.circe import CohortExpression, CohortExpressionQueryBuilder

from rounds.datamart.cohorts.circe_sql import cohort_sql, untied
from rounds.datamart.cohorts.dialects import Dialect, statements
from rounds.datamart.cohorts.domains import Reads, reads_of
from rounds.datamart.cohorts.renumbering import renumbered
from rounds.datamart.mapping import cdm_columns

__all__ = ["Together", "compile_together"]

_OFTEN: Final = 2
"""From this many uses on, something is shared."""
_TABLE: Final = "FROM @cdm_database_schema.{table} "
"""Where a criterion reads its rows; what it joins to them is never a slice."""
_CODESETS_DROPPED: Final = "TRUNCATE TABLE #Codesets;\nDROP TABLE #Codesets;"


@dataclass(frozen=True)
class Together:
    """Statements of several cohorts, to be run over one connection."""

    before: tuple[str, ...]
    each: tuple[tuple[str, ...], ...]
    """Of every cohort, in the order in which they were given."""
    after: tuple[str, ...]


def compile_together(
    expressions: Sequence[Mapping[str, Any]],
    dialect: Dialect,
    *,
    places: Mapping[str, str],
    ids: Sequence[int] | None = None,
    scratch: str | None = None,
) -> Together:
    """Write several cohorts so that they share what they read.

    Parameters
    ----------
    expressions : sequence of mapping
        Circe expressions.
    dialect : {"duckdb", "postgresql", "spark"}
        The engine's.
    places : mapping of str to str
        Names of `cdm`, `vocabulary` (schemas), `cohort` and `attrition` (tables).
    ids : sequence of int, optional
        The `cohort_definition_id` of each; 1, 2, … if not given.
    scratch : str, optional
        A schema for temporary tables, which Spark needs.

    Returns
    -------
    Together
        What is run once before all, for each, and once after all.

    Raises
    ------
    DefinitionError
        If Circe has no SQL for one of them.
    """
    alike, concept_sets = renumbered(expressions)
    numbered = list(zip(ids or range(1, len(alike) + 1), alike, strict=True))
    slices = _slices(alike)
    uses: Counter[str] = Counter()
    _written(numbered, places, _Counting(slices, uses))
    builder = _Sharing(slices, uses)
    scripts = _written(numbered, places, builder)
    written = [*scripts, *builder.made]
    made = [_slice_sql(table, reads, written) for table, reads in slices.items()]
    before = "\n".join(
        [
            _Plain().get_codeset_query(concept_sets_of(concept_sets)),
            *made,
            *builder.made,
        ]
    )
    names = [f"#slice_{table}" for table in slices] + list(builder.names.values())
    after = "\n".join(f"DROP TABLE {name};" for name in [*names, "#Codesets"])
    rendered = [_placed(script, places) for script in (before, after)]
    before_run, after_run = (
        tuple(statements(script, dialect, scratch=scratch)) for script in rendered
    )
    each = tuple(tuple(statements(one, dialect, scratch=scratch)) for one in scripts)
    return Together(before_run, each, after_run)


def concept_sets_of(plain: Sequence[Mapping[str, Any]]) -> Any:
    """Read concept sets as Circe's own classes."""
    return CohortExpression.from_json({"ConceptSets": list(plain)}).concept_sets


def _written(
    numbered: Sequence[tuple[int, Mapping[str, Any]]],
    places: Mapping[str, str],
    builder: CohortExpressionQueryBuilder,
) -> list[str]:
    return [
        cohort_sql(one, cohort_id=n, places=places, builder=builder).replace(
            _CODESETS_DROPPED, ""
        )
        for n, one in numbered
    ]


def _slices(expressions: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Reads, ...]]:
    """Give the tables of which a slice is worth making, and what it must hold."""
    times: Counter[str] = Counter()
    reads: dict[str, set[Reads]] = {}
    for expression in expressions:
        for one in reads_of(expression):
            times[one.table] += 1
            reads.setdefault(one.table, set()).add(one)
    return {
        table: tuple(sorted(found))
        for table, found in sorted(reads.items())
        if times[table] >= _OFTEN
    }


def _slice_sql(table: str, reads: Sequence[Reads], scripts: Sequence[str]) -> str:
    """Copy what the concept sets reach of a table: rows, and columns that are read."""
    words = {word for script in scripts for word in re.findall(r"\w+", script.lower())}
    columns = [row["column"] for row in cdm_columns(table)]
    kept = ", ".join(column for column in columns if column in words)
    by_column: dict[str, list[str]] = {}
    for one in reads:
        by_column.setdefault(one.column, []).append(str(one.concept_set))
    reached = " OR ".join(
        f"{column} IN (SELECT concept_id FROM #Codesets WHERE codeset_id IN "
        f"({', '.join(numbers)}))"
        for column, numbers in by_column.items()
    )
    first = next(iter(by_column))
    return (
        f"SELECT {kept} INTO #slice_{table} FROM @cdm_database_schema.{table} "
        f"WHERE {reached} ORDER BY {first}, person_id;"
    )


def _placed(script: str, places: Mapping[str, str]) -> str:
    """Put names where Circe leaves places for them, and break its ties."""
    named = script.replace("@cdm_database_schema", places["cdm"])
    return untied(named.replace("@vocabulary_database_schema", places["vocabulary"]))


class _Plain(CohortExpressionQueryBuilder):  # type: ignore[misc]
    """Circe's own."""


@dataclass
class _Slicing(_Plain):
    """Circe's own, but criteria with codes read the slices."""

    slices: Mapping[str, tuple[Reads, ...]]

    def __post_init__(self) -> None:
        super().__init__()

    def get_codeset_query(self, concept_sets: Any) -> str:  # noqa: ARG002 - Circe's
        return ""  # made once, for all

    def criteria_sql(self, criterion: Any, options: Any = None) -> str:
        return self._sliced(super().criteria_sql(criterion, options))

    def strategy_sql(self, strategy: Any, event_table: str) -> str:
        return self._sliced(super().strategy_sql(strategy, event_table), all_of_it=True)

    def _sliced(self, sql: str, *, all_of_it: bool = False) -> str:
        """Read slices in the parts of a criterion that are limited by codes."""
        for table in self.slices:
            name = _TABLE.format(table=table.upper())
            pieces = sql.split(name)
            for n, piece in enumerate(pieces[1:], 1):
                near = piece.split(") C\n", 1)[0]
                limited = all_of_it or "#Codesets" in near
                read = f"FROM #slice_{table} " if limited else name
                pieces[n] = read + piece
            sql = "".join(pieces)
        return sql


@dataclass
class _Counting(_Slicing):
    """Counts how often each criterion and each set of entry events is asked for."""

    uses: Counter[str]

    def criteria_sql(self, criterion: Any, options: Any = None) -> str:
        whole = _Slicing(self.slices).criteria_sql(criterion, options)
        self.uses[whole] += 1
        if self.uses[whole] == 1:
            super().criteria_sql(criterion, options)  # counts those within it
        return whole

    def get_primary_events_query(self, primary: Any) -> str:
        whole = str(super().get_primary_events_query(primary))
        self.uses[whole] += 1
        return whole


@dataclass
class _Sharing(_Slicing):
    """Reads a table of its own where the same is asked for more than once."""

    uses: Counter[str]
    made: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def criteria_sql(self, criterion: Any, options: Any = None) -> str:
        whole = _Slicing(self.slices).criteria_sql(criterion, options)
        if self.uses[whole] < _OFTEN:
            return super().criteria_sql(criterion, options)
        if whole not in self.names:
            self._make(whole, super().criteria_sql(criterion, options))
        return f"SELECT * FROM {self.names[whole]}"

    def get_primary_events_query(self, primary: Any) -> str:
        whole = str(_Slicing(self.slices).get_primary_events_query(primary))
        if self.uses[whole] < _OFTEN:
            return str(super().get_primary_events_query(primary))
        if whole not in self.names:
            self._make(whole, super().get_primary_events_query(primary))
        return f"SELECT * FROM {self.names[whole]}"

    def _make(self, whole: str, sql: str) -> None:
        name = f"#shared_{len(self.names) + 1}"
        self.names[whole] = name
        self.made.append(f"SELECT * INTO {name} FROM (\n{sql}\n) shared;")
