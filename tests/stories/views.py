"""A few resources, one view, and the rows that it gives."""

import json
import tempfile
from pathlib import Path

import duckdb

from rounds.datamart.sql_on_fhir import ViewDefinition, compile_view


def view_of(resource, *columns, where=(), constants=(), **select):
    """Write a ViewDefinition with one select; a column is (name, path, more)."""
    written = [
        {"name": name, "path": path, **(more[0] if more else {})}
        for name, path, *more in columns
    ]
    chosen = {"column": written, **select} if written else select
    document = {"resource": resource, "select": [chosen]}
    if where:
        document["where"] = [{"path": path} for path in where]
    if constants:
        document["constant"] = list(constants)
    return document


def rows(document, *resources):
    """Run a view over resources as the datamart does: read typed, from NDJSON."""
    compiled = compile_view(ViewDefinition.parse(document))
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
        file = Path(name) / "resources.ndjson"
        file.write_text("".join(json.dumps(one) + "\n" for one in resources), "utf-8")
        columns = ", ".join(
            f"'{name}': '{kind}'" for name, kind in compiled.struct_columns.items()
        )
        connection.execute("SET TimeZone = 'UTC'")
        sql = compiled.select(f"read_ndjson('{file}', columns={{{columns}}})")
        found = connection.execute(sql)
        names = [each[0] for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def value(path, resource, **more):
    """Evaluate one path on one resource."""
    kind = resource["resourceType"]
    return rows(view_of(kind, ("value", path, more)), resource)[0]["value"]


def values(path, resource, **more):
    """Evaluate one path on one resource, as a collection."""
    return value(path, resource, collection=True, **more)
