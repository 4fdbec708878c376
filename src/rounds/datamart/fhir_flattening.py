"""From a resource to its flat row, by the ViewDefinitions of `mappings/views`.

Each view says where the fields of a resource type are; `fhir_fields.csv` says what
kind of field each is and whether it must be there. A site overrides columns by views
of its own. What FHIR leaves open is settled here: which coding stands for a concept,
and how a reference is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from rounds.datamart.mapping import Row, mapping
from rounds.datamart.sql_on_fhir import CompiledView, ViewDefinition, compile_view
from rounds.datamart.sql_on_fhir.shape import quoted, text
from rounds.nouns.errors import DefinitionError

__all__ = ["Flattening", "flattening"]

_OWN = ("id", "updated", "version")
"""Columns of every view that is of a whole resource, and no field of the mapping."""
_CODING = 'STRUCT("system" VARCHAR, "code" VARCHAR, "display" VARCHAR)'
_TYPES = {
    "text": "VARCHAR",
    "number": "VARCHAR",
    "boolean": "VARCHAR",
    "reference": "VARCHAR",
    "coding": _CODING,
    "code": f"{_CODING}[]",
    "codes": "VARCHAR[]",
    "quantity": 'STRUCT("value" JSON, "comparator" VARCHAR, "unit" VARCHAR, '
    '"system" VARCHAR, "code" VARCHAR)',
}
"""What the column of each kind of field is; other kinds are taken as the view says."""


def _fields(name: str) -> dict[str, Row]:
    rows = mapping("fhir_fields")
    return {row["field"]: row for row in rows if row["resource"] == name}


def _columns(name: str) -> dict[str, str]:
    """Give the columns that a view must have, and the kind of each."""
    kinds = {} if "." in name else dict.fromkeys(_OWN, "text")
    for field, row in _fields(name).items():
        kinds[field] = row["kind"]
        if row["kind"] == "code":
            kinds[f"{field}_text"] = "text"
    return kinds


@dataclass(frozen=True)
class Flattening:
    """Every resource type that is mapped, with how it is flattened."""

    views: Mapping[str, CompiledView]
    """By resource type, and `Observation.component`."""

    def resources(self) -> tuple[str, ...]:
        """Give the resource types that are mapped, in the order of the table."""
        return tuple(name for name in self.views if "." not in name)

    def struct_columns(self, resource: str) -> dict[str, str]:
        """Give what is read of a resource: `columns` of `read_ndjson`."""
        return self.views[resource].struct_columns

    def json_spec(self, resource: str) -> str:
        """Give what is read of a resource, as `json_transform` wants it."""
        return self.views[resource].json_spec

    def wrong_type(self, resource: str, json: str) -> str:
        """Write SQL that names the first element of the wrong type."""
        return self.views[resource].wrong_type(json)

    def struct_type(self, resource: str) -> str:
        """Give what is read of a resource as one DuckDB type."""
        columns = self.struct_columns(resource).items()
        return f"STRUCT({', '.join(f'{quoted(name)} {of}' for name, of in columns)})"

    def own_columns(self, resource: str) -> dict[str, str]:
        """Write a resource's id, when it was updated, and its version, by name."""
        written = self._written(resource)
        return {name: written[name] for name in _OWN}

    def staging_columns(
        self, resource: str, systems: Sequence[str], prefix: str = ""
    ) -> list[str]:
        """Write one SELECT expression for each field of a flat row, with its name.

        Parameters
        ----------
        resource : str
            A resource type, or `Observation.component`.
        systems : sequence of str
            Code system URIs whose codes are preferred.
        prefix : str
            For a component: what stands before each of its elements, such as `c.`.
        """
        known = ", ".join(text(each) for each in systems)
        found = self._written(resource)
        written = []
        for name, kind in _columns(resource).items():
            if name in _OWN and "." not in resource:
                continue
            sql = found[name]
            sql = sql.replace("_e1.", prefix) if "." in resource else sql
            written.append(f"{_settled(sql, kind, known)} AS {quoted(name)}")
        return written

    def _written(self, resource: str) -> dict[str, str]:
        return {
            output.name: output.plain or output.finished(output.sql)
            for output in self.views[resource].outputs
        }

    def flatten_select(
        self,
        resource: str,
        relation: str,
        systems: Sequence[str],
        carried: Sequence[str] = (),
    ) -> str:
        """Write the flat rows of a relation that has the columns of `struct_columns`.

        Every row of the relation gives one, whatever its resource type: what is not of
        the type is for the reader to refuse.
        """
        own = [f"{sql} AS {name}" for name, sql in self.own_columns(resource).items()]
        columns = [*carried, *own, *self.staging_columns(resource, systems)]
        return f"SELECT {', '.join(columns)} FROM {relation}"


def _settled(sql: str, kind: str, systems: str) -> str:
    if kind == "code":
        return _chosen(sql, systems)
    return _relative(sql) if kind == "reference" else sql


def _chosen(codings: str, systems: str) -> str:
    """Give the coding that stands for a concept: a known system's first."""
    known = f"x.code IS NOT NULL AND x.system IN ({systems})"
    return (
        f"CASE WHEN len({codings}) = 1 THEN {codings}[1] ELSE coalesce("
        f"list_filter({codings}, lambda x: {known})[1], "
        f"list_filter({codings}, lambda x: x.code IS NOT NULL)[1]) END"
    )


def _relative(reference: str) -> str:
    """Write an absolute or versioned reference as Type/id; leave others as they are."""
    shape = r"([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(/_history/[^/]*)?$"
    return (
        f"CASE WHEN starts_with({reference}, 'http') "
        f"OR contains({reference}, '/_history/') "
        f"THEN regexp_extract({reference}, {text(shape)}, 1) ELSE {reference} END"
    )


def flattening(overrides: Path | None = None) -> Flattening:
    """Read the views, and a site's own over them.

    Parameters
    ----------
    overrides : Path, optional
        A folder of ViewDefinitions named after resource types, such as
        `definitions/views/Patient.json` of a project. A column that one of them has
        takes the place of the built-in column of that name.

    Raises
    ------
    DefinitionError
        If a view is not valid, is of no type that is mapped, gives not one row for
        each resource, or has a column that is no field or not of its kind.
    """
    found = _built_in()
    if overrides is None or not overrides.is_dir():
        return Flattening({name: compile_view(view) for name, view in found.items()})
    views = dict(found)
    for path in sorted(overrides.glob("*.json")):
        name = path.stem
        if name not in views:
            known = ", ".join(views)
            raise _refused(path, f"no type {name!r} is mapped; there are: {known}")
        own = ViewDefinition.parse(path)
        _check(own, path, name)
        views[name] = views[name].with_columns_of(own)
    return Flattening({name: compile_view(view) for name, view in views.items()})


@cache
def _built_in() -> dict[str, ViewDefinition]:
    views = {}
    for name in dict.fromkeys(row["resource"] for row in mapping("fhir_fields")):
        source = files("rounds.datamart") / "mappings" / "views" / f"{name}.json"
        with as_file(source) as path:
            views[name] = ViewDefinition.parse(path)
            _check(views[name], path, name)
    return views


def _check(view: ViewDefinition, path: Path, name: str) -> None:
    """Refuse a view whose columns are no fields, or not of their kinds."""
    compiled, kinds = compile_view(view), _columns(name)
    if view.resource != name.split(".", maxsplit=1)[0]:
        raise _refused(path, f"it is a view of {view.resource}, not of {name}")
    if not compiled.is_one_to_one and "." not in name:
        raise _refused(
            path, "it has a where or an iteration: one row a resource is due"
        )
    for column, kind in compiled.columns:
        if column not in kinds:
            raise _refused(
                path, f"{column!r} is no field; there are: {', '.join(kinds)}"
            )
        wanted = _TYPES.get(kinds[column], kind)
        if kind != wanted:
            raise _refused(path, f"{column!r} is {kind}; {wanted} is due")


def _refused(path: Path, what: str) -> DefinitionError:
    return DefinitionError(
        f"The view {path} cannot be used for the mapping: {what}.",
        code="view-not-mapped",
        remedies=(
            "Compare it with the built-in view of the type in datamart/mappings/views.",
            "To run any other view, use rounds data view.",
        ),
    )
