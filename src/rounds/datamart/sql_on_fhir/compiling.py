"""From a view that is well formed to its pipeline: types are found, paths are SQL."""

from dataclasses import dataclass, field, replace

from rounds.datamart.sql_on_fhir import fhirpath
from rounds.datamart.sql_on_fhir.columns import output_of
from rounds.datamart.sql_on_fhir.expressions import Scope, compile_expression
from rounds.datamart.sql_on_fhir.fhirpath import Expression, FhirPathError
from rounds.datamart.sql_on_fhir.navigation import exists
from rounds.datamart.sql_on_fhir.operators import boolean
from rounds.datamart.sql_on_fhir.pipeline import Output, Pipeline, either
from rounds.datamart.sql_on_fhir.repeating import repeated
from rounds.datamart.sql_on_fhir.shape import Node, text
from rounds.datamart.sql_on_fhir.values import Value, fresh_names, item, items, nothing
from rounds.datamart.sql_on_fhir.view_definition import Column, Problem, Select, View

__all__ = ["DEPTH", "Compilation"]

DEPTH = 16
"""How deep a `repeat` goes before it says that there is more."""


@dataclass
class _Context:
    """Where a select stands."""

    scope: Scope
    active: str = ""
    """The condition under which its rows are of it, if not all are."""
    is_guarded: bool = False
    """Whether its columns are NULL where that fails."""


@dataclass
class Compilation:
    """One view being compiled.

    It is compiled twice: the first pass finds which elements are read, and how; the
    second writes SQL that knows it.
    """

    view: View
    depth: int = DEPTH
    problems: list[Problem] = field(default_factory=list)
    pipeline: Pipeline = field(default_factory=Pipeline)
    outputs: list[Output] = field(default_factory=list)
    root: Node = field(init=False)
    innermost: Node | None = None
    """What is read of each item of the last iteration, if there is one."""
    _nodes: dict[str, Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = Node(self.view.resource)
        self.root.child("resourceType", "code", many=False)
        for _ in range(2):
            self.problems.clear()
            fresh_names()
            self._compile()

    def _compile(self) -> None:
        self.pipeline = Pipeline([f'"resourceType" = {text(self.view.resource)}'])
        resource = Value("", self.view.resource, node=self.root, is_root=True)
        scope = Scope(resource, resource, "0", self.view.constants)
        for place, path in self.view.where:
            found = self._path(path, place, scope)
            if found.choice is not None or found.kind not in {"boolean", ""}:
                self._wrong(place, "it gives no boolean, and so cannot be a condition")
            else:
                condition = boolean(found) if found.kind else "false"
                self.pipeline.conditions.append(f"({condition})")
        self.outputs = self._select(self.view.select, _Context(scope))

    def _wrong(self, place: str, what: str) -> None:
        self.problems.append(Problem(place, what))

    def _path(self, path: Expression, place: str, scope: Scope) -> Value:
        try:
            return compile_expression(path, scope)
        except FhirPathError as error:
            self._wrong(place, str(error))
        except RecursionError:
            self._wrong(place, "it is too long")
        return nothing()

    def _select(self, select: Select, context: _Context) -> list[Output]:
        inner = self._iteration(select, context)
        found = []
        for column in select.columns:
            output = self._column(column, inner)
            if output is not None:
                found.append(output)
        for each in select.selects:
            found += self._select(each, inner)
        if select.union:
            found += self._union(select, inner)
        return found

    def _iteration(self, select: Select, context: _Context) -> _Context:
        levels: tuple[tuple[str, str], ...] = ()
        if select.repeat:
            value, levels = self._repeat(select, context.scope)
        elif select.for_each is not None:
            place = (
                f"{select.place}.{'forEachOrNull' if select.is_or_null else 'forEach'}"
            )
            value = self._path(select.for_each, place, context.scope)
        else:
            return context
        if value.choice is not None:
            self._wrong(select.place, f"write '{value.name}.ofType(…)'")
            value = nothing()
        self.innermost = value.node
        step = self.pipeline.iterate(
            _listed(value),
            context.active,
            is_or_null=select.is_or_null,
            before=levels,
        )
        this = replace(value, guard="") if value.is_root else item(value, f"_e{step}")
        is_partial = select.is_or_null or bool(context.active)
        return _Context(
            replace(context.scope, this=this, index=f"_i{step}"),
            f"_e{step} IS NOT NULL" if is_partial else "",
            context.is_guarded or select.is_or_null,
        )

    def _repeat(
        self, select: Select, scope: Scope
    ) -> tuple[Value, tuple[tuple[str, str], ...]]:
        node = self._nodes.get(select.place)
        name = f"_r{len(self.pipeline.steps) + 1}"
        try:
            walk = repeated(select.repeat, scope, node, name, self.depth)
        except FhirPathError as error:
            self._wrong(f"{select.place}.repeat", str(error))
            return nothing(), ()
        if walk.value.node is not None:
            self._nodes[select.place] = walk.value.node
        return walk.value, walk.levels

    def _union(self, select: Select, context: _Context) -> list[Output]:
        numbers = ", ".join(str(n + 1) for n in range(len(select.union)))
        listed = f"[{numbers}]"
        if context.active:
            listed = f"CASE WHEN {context.active} THEN {listed} ELSE [0] END"
        step = self.pipeline.iterate(listed)
        branch = f"_e{step}"
        branches = []
        for number_of, each in enumerate(select.union, start=1):
            inner = replace(context, active=f"{branch} = {number_of}")
            branches.append(self._select(each, inner))
        ready = len(self.pipeline.steps)
        merged = []
        for alike in zip(*branches, strict=False):
            if len({output.type for output in alike}) > 1:
                self._wrong(
                    f"{select.place}.unionAll",
                    f"the column {alike[0].name!r} has not the same type in each",
                )
                continue
            merged.append(either(branch, alike, ready))
        return merged

    def _column(self, column: Column, context: _Context) -> Output | None:
        place = f"{column.place}.path"
        before = len(self.problems)
        value = self._path(column.path, place, context.scope)
        if len(self.problems) > before:
            return None
        try:
            output = output_of(column, value, len(self.pipeline.steps))
        except FhirPathError as error:
            self._wrong(place, str(error))
            return None
        is_index = column.path == fhirpath.Constant("rowIndex")
        if context.is_guarded and context.active and not is_index:
            sql = f"CASE WHEN {context.active} THEN {output.sql} END"
            output = replace(output, sql=sql)
        return output


def _listed(value: Value) -> str:
    """Write what is iterated over as a list; the resource itself is one item."""
    if value.is_root:
        return f"CASE WHEN {exists(value)} THEN [true] ELSE [] END"
    if not value.kind:
        return "CAST([] AS INTEGER[])"
    return value.sql if value.many else items(value)
