"""The views by which FHIR is flattened: the built-in ones, a site's own over them."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from rounds.datamart.fhir.flattening import Flattening, columns_due
from rounds.datamart.fhir.kinds import OPEN, TYPES
from rounds.datamart.mapping import mapping
from rounds.datamart.sql_on_fhir import CompiledView, ViewDefinition, compile_view
from rounds.datamart.sql_on_fhir.shape import Node
from rounds.datamart.sql_on_fhir.values import MANY_VALUES
from rounds.datamart.sql_on_fhir.view_definition import Select
from rounds.nouns.errors import DefinitionError

__all__ = ["flattening"]


def flattening(overrides: Path | None = None) -> Flattening:
    """Read the views, and a site's own over them.

    Parameters
    ----------
    overrides : Path, optional
        A folder of ViewDefinitions named after resource types, such as
        `definitions/views/Patient.json` of a project. A column that one of them has
        takes the place of the built-in column of that name. A folder that is not there
        is one without views.

    Raises
    ------
    DefinitionError
        If a view is not valid, is of no type that is mapped, gives not one row for
        each resource, or has a column that is no field or not of its kind.
    """
    found = _built_in()
    given = sorted(overrides.glob("*.json")) if overrides else []
    if not given:
        return _as_it_comes()
    views, digest = dict(found), hashlib.sha256()
    for path in given:
        name = path.stem
        if name not in views:
            known = ", ".join(views)
            raise _refused(path, f"no type {name!r} is mapped; there are: {known}")
        with _placed(path):
            own = ViewDefinition.parse(path)
            _check(own, path, name, views[name])
            views[name] = views[name].with_columns_of(own)
        digest.update(f"{name}\n{views[name]!r}\n".encode())
    return _compiled(views, digest.hexdigest()[:16])


@cache
def _as_it_comes() -> Flattening:
    return _compiled(_built_in(), "")


@cache
def _built_in() -> dict[str, ViewDefinition]:
    views = {}
    for name in dict.fromkeys(row["resource"] for row in mapping("fhir_fields")):
        source = files("rounds.datamart") / "mappings" / "views" / f"{name}.json"
        with as_file(source) as path:
            views[name] = ViewDefinition.parse(path)
            _check(views[name], path, name)
    return views


@contextmanager
def _placed(path: Path) -> Iterator[None]:
    """Name the file in what is wrong with a view."""
    try:
        yield
    except DefinitionError as error:
        if str(path) in error.what:
            raise
        raise DefinitionError(
            f"{path}: {error.what}",
            code=error.code,
            why=error.why,
            remedies=error.remedies,
        ) from None


def _compiled(views: dict[str, ViewDefinition], version: str) -> Flattening:
    """Compile them; of a list's entries is read what the view of the entries reads."""
    compiled = {name: compile_view(view) for name, view in views.items()}
    for name, view in views.items():
        entries = {
            field: ", ".join(_elements(compiled[f"{name}.{field}"].innermost))
            for field, kind in columns_due(name).items()
            if kind in OPEN
        }
        if entries:
            views = {**views, name: view.with_elements(entries)}
            compiled[name] = compile_view(views[name])
    columns = {
        name: {column.name: column for column in view.columns}
        for name, view in views.items()
    }
    return Flattening(compiled, columns, version)


def _elements(node: Node | None, path: str = "") -> Iterator[str]:
    """Name every element that is read, as a dotted path."""
    for name, child in node.children.items() if node else ():
        if child.children and not child.is_raw:
            yield from _elements(child, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def _check(
    view: ViewDefinition, path: Path, name: str, over: ViewDefinition | None = None
) -> None:
    """Refuse a view whose columns are no fields, or not of their kinds."""
    compiled, kinds = compile_view(view), columns_due(name)
    if view.resource != name.split(".", maxsplit=1)[0]:
        raise _refused(path, f"it is a view of {view.resource}, not of {name}")
    if "." not in name and not compiled.is_one_to_one:
        raise _refused(
            path, "it has a where or an iteration: one row a resource is due"
        )
    if over and "." in name and _rows(view) != _rows(over):
        raise _refused(path, "it has not the iterations of the built-in view")
    places = {column.name: column.place for column in view.columns}
    for column, what in _faults(compiled, kinds, is_own=over is not None):
        raise _refused(path, f"{places[column]}: {column!r} {what}")


def _rows(view: ViewDefinition) -> tuple[object, ...]:
    """Give what decides which rows a view has: its where, and its iterations."""

    def iterations(select: Select) -> Iterator[object]:
        if select.for_each is not None or select.repeat:
            yield select.for_each, select.repeat, select.is_or_null
        for each in (*select.selects, *select.union):
            yield from iterations(each)

    return (*view.view.where, *iterations(view.view.select))


def _faults(
    compiled: CompiledView, kinds: dict[str, str], *, is_own: bool
) -> Iterable[tuple[str, str]]:
    for output in compiled.outputs:
        name, kind = output.name, output.type
        if name not in kinds:
            yield name, f"is no field; there are: {', '.join(kinds)}"
            continue
        wanted = TYPES.get(kinds[name], kind)
        if is_own and (name == "id" or kinds[name] in {*OPEN, "items"}):
            yield name, "cannot be overridden"
        elif kind != wanted:
            yield name, f"is {kind}; {wanted} is due"
        elif output.is_checked or MANY_VALUES in output.sql:
            yield name, "may give many values: add .first()"


def _refused(path: Path, what: str) -> DefinitionError:
    return DefinitionError(
        f"The view {path} cannot be used for the mapping: {what}.",
        code="view-not-mapped",
        remedies=(
            "Compare it with the built-in view of the type in datamart/mappings/views.",
            "To run any other view, use rounds data view.",
        ),
    )
