"""Several cohorts compiled together, so that what they have in common is done once.

Concept sets of equal content are resolved once. Of a table that many criteria read,
the rows that any of the concept sets reaches are copied once, with the columns that are
read. Every step of every cohort, from a criterion to its last period, is a table known
by its content: cohorts that have entry events, a rule or all but their end in common
have those tables in common. Each cohort's rows are what they are without it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from duckcdm.circe import CohortExpression, CohortExpressionQueryBuilder

from rounds.datamart.cohorts.circe_sql import compilable, untied
from rounds.datamart.cohorts.dialects import Dialect, statements, temporary
from rounds.datamart.cohorts.renumbering import renumbered
from rounds.datamart.cohorts.shared_cohort import COHORT_ID, cohort_statements
from rounds.datamart.cohorts.shared_criteria import SharedCriteria
from rounds.datamart.cohorts.shared_ends import eras_of_several
from rounds.datamart.cohorts.shared_tables import STEM, SharedTables, names_in, renamed
from rounds.datamart.cohorts.slices import slices_of

__all__ = ["Together", "compile_together"]

_ANY, _BODY = "#any_name", "#body"
"""Stand for a table and its SELECT while the statement around them is translated, which
is done once."""


@dataclass(frozen=True)
class Together:
    """Statements of several cohorts, to be run in this order over one connection."""

    before: tuple[str, ...]
    each: tuple[tuple[str, ...], ...]
    """Of every cohort, in the order in which they were given. What others need as well
    is made by the first that does, and dropped by the last."""
    after: tuple[str, ...]


def compile_together(
    expressions: Sequence[Mapping[str, Any]],
    dialect: Dialect,
    *,
    places: Mapping[str, str],
    ids: Sequence[int] | None = None,
    scratch: str | None = None,
) -> Together:
    """Write several cohorts so that they share what they read and make.

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
    slices = slices_of(alike)
    tables = SharedTables()
    criteria = SharedCriteria(tables, slices)
    often = eras_of_several(alike)
    filling = []
    for one in alike:
        with compilable(one):
            filling.append(cohort_statements(one, places, criteria, often=often))
    used = tables.used(sql for each in filling for sql in each)
    worth = slices.worth_it(tables.selects[name] for name in used)
    tables.selects = {
        name: slices.without(worth, sql) for name, sql in tables.selects.items()
    }
    writing = _Writing(tables, dialect, scratch, places, tables.made(used))
    numbered = zip(ids or range(1, len(alike) + 1), filling, strict=True)
    made = [writing.cohort(n, each) for n, each in numbered]
    before = [_concept_sets(concept_sets), *worth.making(tables.selects.values())]
    after = [*worth.dropping(), "DROP TABLE #Codesets;"]
    return Together(
        writing.plain("\n".join(before)),
        tuple(writing.dropping(made)),
        writing.plain("\n".join(after)),
    )


def _concept_sets(plain: Sequence[Mapping[str, Any]]) -> str:
    read = CohortExpression.from_json({"ConceptSets": list(plain)})
    return str(CohortExpressionQueryBuilder().get_codeset_query(read.concept_sets))


@dataclass
class _Writing:
    """Writes statements in an engine's dialect, with the tables they read before them.

    Each SELECT is translated by itself, and once: the time that takes grows faster than
    its length.
    """

    tables: SharedTables
    dialect: Dialect
    scratch: str | None
    places: Mapping[str, str]
    made: frozenset[str]
    _there: set[str] = field(default_factory=set)
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def plain(self, script: str) -> tuple[str, ...]:
        """Translate a script; what is shared keeps its place in it.

        Scripts that differ in the names of shared tables alone are translated once.
        """
        names = list(dict.fromkeys(names_in(script)))
        alike = {name: f"#{STEM}{n}" for n, name in enumerate(names)}
        text = renamed(script, alike)
        if text not in self._known:
            self._known[text] = self._translated(text)
        back = {
            self._called(other): self._called(name) for name, other in alike.items()
        }
        named = self._pattern()
        return tuple(
            named.sub(lambda match: back[match[0]], one) for one in self._known[text]
        )

    def _translated(self, script: str) -> tuple[str, ...]:
        script = script.replace("@cdm_database_schema", self.places["cdm"])
        script = script.replace(
            "@vocabulary_database_schema", self.places["vocabulary"]
        )
        return tuple(statements(untied(script), self.dialect, scratch=self.scratch))

    def cohort(self, n: int, filling: Sequence[str]) -> list[str]:
        """Give the statements of one cohort, after those that make what it reads."""
        written = []
        for statement in filling:
            for name in self.tables.below(statement, self._there):
                self._there.add(name)
                if name in self.made:
                    written += self._making(name)
            written += [
                self._filled(one).replace(COHORT_ID, str(n))
                for one in self.plain(statement)
            ]
        return written

    def _making(self, name: str) -> list[str]:
        place, body = self._called(_BODY), self._in_place(self.tables.selects[name])
        named, any_name = self._called(name), self._called(_ANY)
        return [
            one.replace(any_name, named).replace(place, f"({body})")
            for one in self.plain(f"SELECT * INTO {_ANY} FROM {_BODY} made;")
        ]

    def dropping(self, each: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
        """Drop what is shared after the last cohort that reads it."""
        last: dict[str, int] = {}
        for n, written in enumerate(each):
            for statement in written:
                last.update(dict.fromkeys(self._found(statement), n))
        for n, written in enumerate(each):
            gone = sorted(name for name, of in last.items() if of == n)
            yield (*written, *(f"DROP TABLE {name}" for name in gone))

    def _in_place(self, select: str) -> str:
        """Translate a SELECT, with the tables written into it that are not made."""
        [written] = self.plain(f"{select.strip()};")
        return f"\n{self._filled(written)}\n"

    def _filled(self, written: str) -> str:
        def fill(match: re.Match[str]) -> str:
            name = f"#{STEM}{match[1]}"
            if name in self.made:
                return match[0]
            return f"({self._in_place(self.tables.selects[name])})"

        return self._pattern().sub(fill, written)

    def _found(self, written: str) -> list[str]:
        return [match[0] for match in self._pattern().finditer(written)]

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"{re.escape(self._called(f'#{STEM}'))}(\d+)\b")

    def _called(self, name: str) -> str:
        return temporary(name, self.dialect, self.scratch)
