"""From a resource to its flat row, by the ViewDefinitions of `mappings/views`.

Each view says where the fields of a resource type are; `fhir_fields.csv` says what
kind of field each is and whether it must be there. A view such as
`Observation.component` is of the entries of a list. A site overrides columns by views
of its own (`views`). What is made of each column, `kinds` says.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rounds.datamart.fhir.kinds import settled
from rounds.datamart.fhir.paths import fields
from rounds.datamart.sql_on_fhir import CompiledView
from rounds.datamart.sql_on_fhir.fhirpath import (
    Binary,
    Call,
    Expression,
    Index,
    Member,
)
from rounds.datamart.sql_on_fhir.shape import json_spec, quoted, text
from rounds.datamart.sql_on_fhir.view_definition import Column

__all__ = ["OWN", "Flattening", "columns_due"]

OWN = ("id", "updated", "version")
"""Columns of every view that is of a whole resource, and no field of the mapping."""
_ITEM = re.compile(r"\b_e\d+\.")
_FAILS = "error("


def columns_due(name: str) -> dict[str, str]:
    """Give the columns that a view must have, and the kind of each."""
    kinds = {} if "." in name else dict.fromkeys(OWN, "text")
    for field, row in fields(name).items():
        kinds[field] = row["kind"]
        if row["kind"] == "code":
            kinds[f"{field}_text"] = "text"
    return kinds


@dataclass(frozen=True)
class Flattening:
    """Every resource type that is mapped, with how it is flattened."""

    views: Mapping[str, CompiledView]
    """By resource type, and `Observation.component`."""
    columns: Mapping[str, Mapping[str, Column]]
    """The columns of each view, as they stand in it."""
    version: str = ""
    """A hash of a site's own views; empty if it has none."""

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
        """Write SQL that names the first element of the wrong type.

        A number or a boolean that is none is named by the rules of the mapping, as it
        is where a file is read typed; but here, where a view computes with it.
        """
        view = self.views[resource]
        return view.wrong_type(json, structure_only=not self.computes(resource))

    def computes(self, resource: str) -> bool:
        """Tell whether a view computes with values, and fails at a wrong one."""
        return any(_FAILS in sql for sql in self._written(resource).values())

    def struct_type(self, resource: str) -> str:
        """Give what is read of a resource as one DuckDB type."""
        columns = self.struct_columns(resource).items()
        return f"STRUCT({', '.join(f'{quoted(name)} {of}' for name, of in columns)})"

    def own_columns(self, resource: str) -> dict[str, str]:
        """Write a resource's id, when it was updated, and its version, by name."""
        written = self._written(resource)
        return {name: written[name] for name in OWN}

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
        found = self.field_columns(resource, prefix)
        written = []
        for name, kind in columns_due(resource).items():
            if name in OWN and "." not in resource:
                continue
            spec = self._entries(f"{resource}.{name}") if kind == "items" else ""
            value = settled(found[name], kind, known, spec)
            written.append(f"{value} AS {quoted(name)}")
            if kind == "constant":
                written.append(f"NULL::VARCHAR AS {quoted(f'{name}_text')}")
        return written

    def field_columns(self, resource: str, prefix: str = "") -> dict[str, str]:
        """Write what the view gives for each field, by name.

        Parameters
        ----------
        resource, prefix : str
            As for `staging_columns`.
        """
        found = self._written(resource)
        if "." not in resource:
            return found
        return {name: _ITEM.sub(prefix, sql) for name, sql in found.items()}

    def shown(self, resource: str, field: str) -> str:
        """Name the element, as it is called in JSON, in which a field is first sought.

        For instance `valueQuantity`, `address.postalCode`.
        """
        named = _named(self.columns[resource][field].path)
        is_code = fields(resource)[field]["kind"] == "code"
        return named.removesuffix(".coding") if is_code else named

    def _entries(self, name: str) -> str:
        """Give the shape of a list of entries, as `json_transform` wants it.

        Entries within an entry are in the list themselves.
        """
        node = self.views[name].innermost
        assert node is not None
        own = {of: each for of, each in node.children.items() if not each.is_raw}
        return json_spec(replace(node, children=own))

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


def _named(path: Expression | None) -> str:
    match path:
        case Member(of=None):
            return path.name
        case Member():
            return ".".join(each for each in (_named(path.of), path.name) if each)
        case Call(name="coalesce"):
            return _named(path.arguments[0])
        case Call(name="iif"):
            return _named(path.arguments[1])
        case Call(name="ofType", of=Member(name=name), arguments=[Member(name=to)]):
            chosen = "" if name == "contained" else to[:1].upper() + to[1:]
            return _named(path.of) + chosen
        case Call(of=None):
            return path.name
        case Call() | Index():
            return _named(path.of)
        case Binary():
            return _named(path.left)
        case _:
            return ""
