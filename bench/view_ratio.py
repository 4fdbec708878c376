"""How fast is a compiled ViewDefinition against SQL written by hand?

Prints one ratio a view, made in one run on the same files: the time of hand-written SQL
(`read_ndjson` with the struct types that it needs) divided by the time of the compiled
view. Both must give equal rows.
"""

import sys
import tempfile
import time
from pathlib import Path

import duckdb
from load_ratio import SYNTHEA, copies_of, world_output

from rounds.datamart.sql_on_fhir import ViewDefinition, compile_view

LEAST = 0.5
TURNS = 5
COPIES = 4


def column(name, path, **more):
    return {"name": name, "path": path, **more}


CODES = {
    "resource": "Observation",
    "where": [{"path": "status = 'final'"}],
    "select": [
        {
            "column": [
                column("id", "getResourceKey()"),
                column("patient", "subject.getReferenceKey(Patient)"),
                column("start", "effective.ofType(dateTime)"),
                column(
                    "value",
                    "value.ofType(Quantity).value",
                    tag=[{"name": "ansi/type", "value": "DOUBLE PRECISION"}],
                ),
                column("unit", "value.ofType(Quantity).unit"),
            ]
        },
        {
            "forEach": "code.coding",
            "column": [column("system", "system"), column("code", "code")],
        },
    ],
}
CODES_SQL = """
SELECT id, substr(subject.reference, 9) AS patient, effectiveDateTime AS start,
       valueQuantity.value AS value, valueQuantity.unit AS unit, c.system, c.code
FROM (SELECT *, unnest(code.coding) AS c FROM read_ndjson('{file}', columns={{
    'id': 'VARCHAR', 'status': 'VARCHAR', 'effectiveDateTime': 'VARCHAR',
    'subject': 'STRUCT(reference VARCHAR)',
    'valueQuantity': 'STRUCT(value DOUBLE, unit VARCHAR)',
    'code': 'STRUCT(coding STRUCT(system VARCHAR, code VARCHAR)[])'}})
    WHERE status = 'final')
"""
PEOPLE = {
    "resource": "Patient",
    "select": [
        {
            "column": [
                column("id", "id"),
                column("gender", "gender"),
                column("birth", "birthDate"),
                column("family", "name.where(use = 'official').family.first()"),
                column("given", "name.first().given.first()"),
                column("city", "address.first().city"),
            ]
        }
    ],
}
PEOPLE_SQL = """
SELECT id, gender, birthDate AS birth,
       list_filter(name, lambda x: x."use" = 'official')[1].family AS family,
       name[1].given[1] AS given, address[1].city AS city
FROM read_ndjson('{file}', columns={{
    'id': 'VARCHAR', 'gender': 'VARCHAR', 'birthDate': 'VARCHAR',
    'name': 'STRUCT("use" VARCHAR, family VARCHAR, given VARCHAR[])[]',
    'address': 'STRUCT(city VARCHAR)[]'}})
"""
PANELS = {
    "resource": "Observation",
    "select": [
        {"column": [column("id", "id"), column("day", "effective.ofType(dateTime)")]},
        {
            "forEach": "component",
            "column": [
                column("code", "code.coding.first().code"),
                column(
                    "value",
                    "value.ofType(Quantity).value",
                    tag=[{"name": "ansi/type", "value": "DOUBLE PRECISION"}],
                ),
                column("place", "%rowIndex"),
            ],
        },
    ],
}
PANELS_SQL = """
SELECT id, effectiveDateTime AS day, c.code.coding[1].code AS code,
       c.valueQuantity.value AS value, CAST(place AS INTEGER) AS place
FROM (SELECT *, unnest(component) AS c, unnest(range(len(component))) AS place
    FROM read_ndjson('{file}', columns={{
    'id': 'VARCHAR', 'effectiveDateTime': 'VARCHAR',
    'component': 'STRUCT(code STRUCT(coding STRUCT(code VARCHAR)[]),
        valueQuantity STRUCT(value DOUBLE))[]'}}))
"""
VIEWS = {"codes": (CODES, CODES_SQL), "people": (PEOPLE, PEOPLE_SQL)}
VIEWS["panels"] = (PANELS, PANELS_SQL)


def compiled(view, file):
    done = compile_view(ViewDefinition.parse(view))
    columns = ", ".join(f"'{name}': '{of}'" for name, of in done.struct_columns.items())
    return done.select(f"read_ndjson('{file}', columns={{{columns}}})")


def seconds(connection, sql):
    started = time.perf_counter()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE made AS {sql}")
    return time.perf_counter() - started


def file_of(folder, resource):
    files = sorted(folder.glob(f"{resource}.ndjson*"))
    assert len(files) == 1, f"one file of {resource} is needed in {folder}"
    return files[0]


def main():
    worst = float("inf")
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
        folder = Path(name)
        if SYNTHEA.is_dir():
            copies_of(SYNTHEA, folder, COPIES)
        else:
            world_output(folder)
        for title, (view, hand) in VIEWS.items():
            file = file_of(folder, view["resource"])
            ours, theirs = compiled(view, file), hand.format(file=file)
            for sides in ((ours, theirs), (theirs, ours)):
                more = connection.execute(
                    f"SELECT count(*) FROM ({sides[0]} EXCEPT ALL {sides[1]})"
                ).fetchall()[0][0]
                assert more == 0, f"{title}: {more} rows differ"
            times = [
                (seconds(connection, theirs), seconds(connection, ours))
                for _ in range(TURNS)
            ]
            ratio = min(one for one, _ in times) / min(two for _, two in times)
            n = connection.execute("SELECT count(*) FROM made").fetchall()[0][0]
            print(
                f"view ratio: {title} {ratio:.2f} times as fast as SQL by hand "
                f"(at least {LEAST}); {n:,} rows, equal"
            )
            worst = min(worst, ratio)
    return 0 if worst >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
