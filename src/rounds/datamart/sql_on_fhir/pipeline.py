"""From the selects of a view to one SELECT: nested subqueries with one unnest each.

    FROM relation WHERE …                                 the resources
    SELECT *, unnest("name") AS _e1 FROM (…)              forEach: name
    SELECT *, unnest(_e1."given") AS _e2 FROM (…)         forEach: given, within it
    SELECT "id" AS "id", _e1."family" AS …, _e2 AS … FROM (…)

Sibling iterations multiply, since each unnest works on the rows of the one before. The
branches of a unionAll are rows too: the number of the branch is unnested first, and an
iteration of another branch gives one row that is NULL. So the data are read once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rounds.datamart.sql_on_fhir.shape import quoted, text
from rounds.datamart.sql_on_fhir.values import MANY_VALUES

__all__ = ["Output", "Pipeline", "either"]


@dataclass(frozen=True)
class Output:
    """One column of the result."""

    name: str
    sql: str
    ready: int
    """How many iterations come before it."""
    type: str
    """Its DuckDB type."""
    kind: str
    """Its FHIR type."""
    is_checked: bool = False
    """Whether `sql` is a list of which only one item is allowed."""
    cast: str = "{}"
    """How the value is turned into its type."""
    plain: str = ""
    """What `sql` gives, but NULL where a collection is empty, if it may be."""

    def finished(self, value: str) -> str:
        """Write the value in its type, from what `sql` gives."""
        if self.is_checked:
            value = (
                f"CASE WHEN len({value}) > 1 THEN error({text(MANY_VALUES)}) "
                f"ELSE ({value})[1] END"
            )
        return self.cast.format(value)


def either(branch: str, outputs: Sequence[Output], ready: int) -> Output:
    """Give the column of the branch of a union that a row is of."""
    cases = " ".join(
        f"WHEN {number} THEN {output.finished(output.sql)}"
        for number, output in enumerate(outputs, start=1)
    )
    one = outputs[0]
    return Output(one.name, f"CASE {branch} {cases} END", ready, one.type, one.kind)


@dataclass(frozen=True)
class _Step:
    """One unnest."""

    number: int
    items: str
    """A list; NULL is an empty one."""
    active: str
    """The condition under which it gives rows; where it fails there is one, NULL."""
    is_or_null: bool
    before: tuple[tuple[str, str], ...] = ()
    """Columns from which the list is made, each made from the one before."""

    def listed(self, items: str) -> str:
        """Write the list that is unnested, from the items or their name."""
        conditions = [self.active] if self.active else []
        if self.is_or_null:
            conditions.append(f"len({items}) > 0")
        if not conditions:
            return items
        return f"CASE WHEN {' AND '.join(conditions)} THEN {items} ELSE [NULL] END"


@dataclass
class Pipeline:
    """The iterations of a view, in order, and what is kept of the resources."""

    conditions: list[str] = field(default_factory=list)
    steps: list[_Step] = field(default_factory=list)

    def iterate(
        self,
        items: str,
        active: str = "",
        *,
        is_or_null: bool = False,
        before: tuple[tuple[str, str], ...] = (),
    ) -> int:
        """Add an iteration and give its number.

        Its items are then called `_e<number>` and their places `_i<number>`.
        """
        number = len(self.steps) + 1
        self.steps.append(_Step(number, items, active, is_or_null, before))
        return number

    def render(
        self, relation: str, outputs: Sequence[Output], carried: Sequence[str] = ()
    ) -> str:
        """Write the whole SELECT."""
        sql = f"SELECT * FROM {relation} WHERE {' AND '.join(self.conditions)}"
        names = {id(output): f"_o{n}" for n, output in enumerate(outputs, start=1)}
        for step in self.steps:
            early = [
                f"{output.sql} AS {names[id(output)]}"
                for output in outputs
                if output.ready == step.number - 1
            ]
            sql = _iterated(step, early, sql, is_indexed=self._is_used(step, outputs))
        last = [output for output in outputs if output.ready == len(self.steps)]
        if any(output.is_checked for output in last):
            late = [f"{output.sql} AS {names[id(output)]}" for output in last]
            sql = f"SELECT {', '.join(['*', *late])} FROM ({sql})"
            last = []
        written = [quoted(name) for name in carried]
        for output in outputs:
            value = output.sql if output in last else names[id(output)]
            written.append(f"{output.finished(value)} AS {quoted(output.name)}")
        return f"SELECT {', '.join(written)} FROM ({sql})"

    def nothing(self) -> Output:
        """Give a column that is the same in every row."""
        return Output("nothing", "1", len(self.steps), "INTEGER", "")

    def _is_used(self, step: _Step, outputs: Sequence[Output]) -> bool:
        """Tell whether the place of an item is asked for by `%rowIndex`."""
        index = re.compile(rf"\b_i{step.number}\b")
        later = self.steps[step.number :]
        made = (sql for each in later for _, sql in each.before)
        used = (*(each.items for each in later), *made, *(o.sql for o in outputs))
        return any(index.search(sql) for sql in used)


def _iterated(step: _Step, early: list[str], sql: str, *, is_indexed: bool) -> str:
    item = f"_e{step.number}"
    if not step.is_or_null and not is_indexed and not step.before:
        columns = ["*", *early, f"unnest({step.listed(step.items)}) AS {item}"]
        return f"SELECT {', '.join(columns)} FROM ({sql})"
    for name, made in step.before:
        sql = f"SELECT *, {made} AS {name} FROM ({sql})"
    bound = f"_l{step.number}"  # the list is written more than once
    columns = ["*", *early, f"{step.items} AS {bound}"]
    sql = f"SELECT {', '.join(columns)} FROM ({sql})"
    listed = step.listed(bound)
    unnested = [f"unnest({listed}) AS {item}"]
    if is_indexed:  # as long as the list: two such unnests go side by side
        unnested.append(f"unnest(range(len({listed}))) AS _i{step.number}")
    used = ", ".join([bound, *(name for name, _ in step.before)])
    return f"SELECT * EXCLUDE ({used}), {', '.join(unnested)} FROM ({sql})"
