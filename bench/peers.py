"""How many resources a second does a load map, beside what others only flatten?

A load reads, judges, maps, resolves codes, sorts, writes and fingerprints every type.
The peers run one short view of each large type and write what it gives; nothing more.
They are no dependency: give the Python of an environment that has them.

    python -m venv peers && peers/bin/pip install pysof fhir4ds
    python bench/peers.py peers/bin/python

The same views, run by Rounds without a load, are printed beside them.
A peer that does not run, or gives another number of rows, is named with its reason.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from at_scale import write_world
from view_ratio import compiled
from view_ratio import seconds as made_in

from rounds.datamart import load

LOADED, FLATTENED = 50_000, 2_000
"""Persons: a load of few would be measured by what it does once."""
LEAST = 10
PEERS = ("pysof", "fhir4ds")
_CODE = {name: f"{{}}.coding.first().{name}" for name in ("system", "code", "display")}
_PATHS = {
    "Patient": {"gender": "gender", "birth": "birthDate"},
    "Encounter": {
        "status": "status",
        "subject": "subject.reference",
        "start": "period.start",
        "end": "period.end",
    },
    "Condition": {"subject": "subject.reference", "start": "onset.ofType(dateTime)"},
    "MedicationRequest": {
        "status": "status",
        "subject": "subject.reference",
        "start": "authoredOn",
    },
    "Observation": {
        "status": "status",
        "subject": "subject.reference",
        "start": "effective.ofType(dateTime)",
        "value": "value.ofType(Quantity).value",
        "unit": "value.ofType(Quantity).unit",
    },
}
_CODED = {
    "Condition": "code",
    "MedicationRequest": "medication.ofType(CodeableConcept)",
    "Observation": "code",
}
_PYSOF = """
import json, sys, time
import pysof
views, folder = json.loads(sys.argv[1]), sys.argv[2]
started = time.perf_counter()
for kind, view in views.items():
    given, made = f"{folder}/{kind}.ndjson", f"{folder}/{kind}.csv"
    pysof.process_ndjson_to_file(view, given, made, "csv", chunk_size=10_000)
seconds = time.perf_counter() - started
lines = sum(sum(1 for _ in open(f"{folder}/{kind}.csv")) for kind in views)
print(seconds, lines - len(views))  # each file has a header
"""
# It wants one JSON array, and asks the engine to fetch an extension that is built in.
_FHIR4DS = """
import json, sys, time
import duckdb
connect = duckdb.connect
class Connection:
    def __init__(self, *given, **named):
        self.own = connect(*given, **named)
    def execute(self, sql, *given):
        built_in = sql.startswith("INSTALL json")
        return self.own.execute("SELECT 1" if built_in else sql, *given)
    def __getattr__(self, name):
        return getattr(self.own, name)
duckdb.connect = Connection
from fhir4ds.datastore import QuickConnect
views, folder = json.loads(sys.argv[1]), sys.argv[2]
for kind in views:
    with open(f"{folder}/{kind}.ndjson") as lines, open(f"{folder}/{kind}.json", "w") as to:
        to.write("[" + ",".join(lines) + "]")
started, rows = time.perf_counter(), 0
for kind, view in views.items():
    database = QuickConnect.duckdb(":memory:")
    database.load_from_json_file(f"{folder}/{kind}.json", use_native_json=True)
    rows += len(database.execute_to_dataframe(view))
print(time.perf_counter() - started, rows)
"""


def views(peer: str) -> dict[str, dict[str, object]]:
    """Give a short view of each large type, one row for each resource.

    Of fhir4ds no codes are asked: it fails at `code.coding.first().code` beside others.
    """
    found: dict[str, dict[str, object]] = {}
    for kind, own in _PATHS.items():
        paths = {"id": "id", **own}
        if kind in _CODED and peer != "fhir4ds":
            paths |= {name: path.format(_CODED[kind]) for name, path in _CODE.items()}
        columns = [{"name": name, "path": path} for name, path in paths.items()]
        found[kind] = {
            "resourceType": "ViewDefinition",
            "name": kind.lower(),
            "status": "active",
            "resource": kind,
            "select": [{"column": columns}],
        }
    return found


def flattened(python: str, peer: str, folder: Path) -> tuple[float, int] | str:
    """Run a peer in its own Python; give its seconds and rows, or why it did not run."""
    script = _PYSOF if peer == "pysof" else _FHIR4DS
    ran = subprocess.run(
        [
            *(python, "-W", "error::ImportWarning", "-c", script),
            *(json.dumps(views(peer)), str(folder)),
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if "Error" in line]
        return said[-1] if said else f"exit {ran.returncode}"
    seconds, rows = ran.stdout.splitlines()[-1].split()
    return float(seconds), int(rows)


def flattened_here(folder: Path) -> float:
    """Run the short views by Rounds; give the seconds."""
    with duckdb.connect() as connection:
        return sum(
            made_in(connection, compiled(view, folder / f"{kind}.ndjson"))
            for kind, view in views("").items()
        )


def main() -> int:
    """Print a ratio for each peer; fail when one is below what is asked for."""
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    with tempfile.TemporaryDirectory() as name:
        few, many = Path(name) / "few", Path(name) / "many"
        for place, persons in ((few, FLATTENED), (many, LOADED)):
            place.mkdir()
            write_world(persons, place)
        n = sum(sum(1 for _ in (few / f"{kind}.ndjson").open("rb")) for kind in _PATHS)
        started = time.perf_counter()
        read = load(many, Path(name) / "mart").read
        mine = read / (time.perf_counter() - started)
        alone = read / flattened_here(many)
        print(
            f"load: {mine:,.0f} resources a second, of {read:,}; "
            f"flattened alone, by the same short views: {alone:,.0f}"
        )
        slow = False
        for peer in PEERS:
            answer = flattened(python, peer, few)
            if isinstance(answer, str):
                print(f"{peer} does not run here: {answer}")
                continue
            seconds, rows = answer
            ratio = mine * seconds / n
            slow = slow or ratio < LEAST
            print(
                f"{peer}: {n / seconds:,.0f} resources a second flattened, {rows:,} "
                f"rows of {n:,}; a load maps {ratio:.1f} times as many "
                f"(at least {LEAST}), and flattens {alone * seconds / n:.0f} times"
            )
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
