"""The public face: a ViewDefinition, and what it compiles to."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rounds.datamart.sql_on_fhir.columns import ELEMENTS_TAG
from rounds.datamart.sql_on_fhir.compiling import DEPTH, Compilation
from rounds.datamart.sql_on_fhir.pipeline import Output, Pipeline
from rounds.datamart.sql_on_fhir.shape import Node, duckdb_type, json_spec, wrong_type
from rounds.datamart.sql_on_fhir.view_definition import (
    Column,
    Problem,
    Select,
    View,
    read_view,
)
from rounds.nouns.errors import DefinitionError

__all__ = ["CompiledView", "ViewDefinition", "compile_view"]

_MOST_SHOWN = 20


@dataclass(frozen=True)
class ViewDefinition:
    """A view of one resource type, by HL7's SQL on FHIR v2, found to be valid."""

    view: View

    @property
    def resource(self) -> str:
        """The type of resource that it is of."""
        return self.view.resource

    @property
    def name(self) -> str:
        """Its name; empty if it has none."""
        return self.view.name

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns in order, those of the first branch of each union."""
        return tuple(_columns(self.view.select))

    def with_elements(self, elements: Mapping[str, str]) -> "ViewDefinition":
        """Give this view, in which other elements are read of some columns.

        Parameters
        ----------
        elements : mapping of str to str
            By the name of a column of a complex type: dotted paths, divided by commas.
        """
        given = {
            column.name: replace(
                column, tags=column.tags | {ELEMENTS_TAG: elements[column.name]}
            )
            for column in self.columns
            if column.name in elements
        }
        return ViewDefinition(
            replace(self.view, select=_replaced(self.view.select, given))
        )

    def with_columns_of(self, other: "ViewDefinition") -> "ViewDefinition":
        """Give this view, in which each column that the other has too is the other's.

        Raises
        ------
        DefinitionError
            If the two do not go together.
        """
        given = {column.name: column for column in _columns(other.view.select)}
        constants = self.view.constants | other.view.constants
        select = _replaced(self.view.select, given)
        both = replace(self.view, constants=constants, select=select)
        problems = tuple(dict.fromkeys(Compilation(both).problems))
        if problems:
            raise _invalid(problems)
        return ViewDefinition(both)

    @classmethod
    def parse(cls, source: dict[str, Any] | Path) -> "ViewDefinition":
        """Read and check a ViewDefinition.

        Parameters
        ----------
        source : dict or Path
            The JSON, or a file that holds it.

        Raises
        ------
        DefinitionError
            If anything is wrong with it: everything that is, with its place in the
            JSON; `view-unreadable` if the file cannot be read at all.
        """
        document = _document(source) if isinstance(source, Path) else source
        view, problems = read_view(document)
        if view is not None:
            problems = (*problems, *dict.fromkeys(Compilation(view).problems))
        if problems or view is None:
            raise _invalid(problems)
        return cls(view)


def _columns(select: Select) -> Iterator[Column]:
    yield from select.columns
    for each in (*select.selects, *select.union[:1]):
        yield from _columns(each)


def _replaced(select: Select, given: dict[str, Column]) -> Select:
    return replace(
        select,
        columns=tuple(given.get(each.name, each) for each in select.columns),
        selects=tuple(_replaced(each, given) for each in select.selects),
        union=tuple(_replaced(each, given) for each in select.union),
    )


def _document(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
    except (ValueError, RecursionError):
        reason = "it is not JSON"
    raise DefinitionError(
        f"{path} cannot be read as a ViewDefinition: {reason}.",
        code="view-unreadable",
        remedies=(
            "Give the path of a JSON file that holds one ViewDefinition.",
            "Check it with any JSON reader, for instance python -m json.tool.",
        ),
    )


def _invalid(problems: Sequence[Problem]) -> DefinitionError:
    shown = [str(problem) for problem in problems[:_MOST_SHOWN]]
    more = len(problems) - len(shown)
    if more:
        shown.append(f"and {more} more")
    n = "1 thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return DefinitionError(
        f"This ViewDefinition is not valid; {n} wrong:\n\n"
        + "\n".join(f"   {each}" for each in shown),
        code="invalid-view",
        remedies=(
            "Correct it at the places that are named.",
            "See https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html",
        ),
    )


@dataclass(frozen=True)
class CompiledView:
    """A view as typed SQL."""

    resource: str
    outputs: tuple[Output, ...]
    pipeline: Pipeline
    root: Node
    innermost: Node | None = None
    """What is read of each item of the last iteration, if there is one."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Each column of the result: its name and its DuckDB type."""
        return tuple((output.name, output.type) for output in self.outputs)

    @property
    def is_one_to_one(self) -> bool:
        """Whether each resource gives one row, whatever is in it."""
        return not self.pipeline.steps and len(self.pipeline.conditions) == 1

    @property
    def struct_columns(self) -> dict[str, str]:
        """What is read of a resource: `columns` of `read_ndjson`, by name."""
        nodes = self.root.children.items()
        return {name: duckdb_type(node) for name, node in nodes}

    @property
    def json_spec(self) -> str:
        """What is read of a resource, as `json_transform` wants it."""
        return json_spec(self.root)

    def select(self, relation: str, carried: Sequence[str] = ()) -> str:
        """Write the SELECT.

        Parameters
        ----------
        relation : str
            SQL of a relation that has the columns of `struct_columns`.
        carried : sequence of str
            Further columns of it, which stand first in every row of the result.
        """
        return self.pipeline.render(relation, self.outputs, carried)

    def wrong_type(self, json: str, *, structure_only: bool = False) -> str:
        """Write SQL that names the first element of a resource of the wrong type.

        Parameters
        ----------
        json : str
            SQL of the resource as JSON.
        structure_only : bool
            Whether only objects and lists are looked at, and not their values.
        """
        return wrong_type(self.root, json, structure_only=structure_only)


def compile_view(view: ViewDefinition, *, depth: int = DEPTH) -> CompiledView:
    """Compile a view to one typed SELECT.

    Parameters
    ----------
    view : ViewDefinition
        What `ViewDefinition.parse` gives.
    depth : int
        How many levels a `repeat` goes down; if there are more, the query fails with
        an error that says so.

    Raises
    ------
    DefinitionError
        If the view was not checked by `parse` and is not valid.
    """
    done = Compilation(view.view, depth)
    if done.problems:
        raise _invalid(tuple(dict.fromkeys(done.problems)))
    return CompiledView(
        view.resource, tuple(done.outputs), done.pipeline, done.root, done.innermost
    )
