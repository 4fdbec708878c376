"""How many times a bare typed scan does a whole load of FHIR take?

Prints one ratio, made in one run on the same files: `load` (read, stage, judge, map,
resolve codes, sort, write, fingerprint) against `read_ndjson` with typed columns, which reads
every value that the mapping reads and does nothing with it.
"""

import gzip
import re
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from rounds.datamart import load
from rounds.datamart.fhir.views import flattening

ALLOWED = 4.0
COPIES = 8
SYNTHEA = Path(__file__).resolve().parents[2] / "shared/data/synthea-fhir-r4"


def copies_of(source: Path, folder: Path, copies: int) -> Path:
    """Write each resource several times, under other ids that refer to each other."""
    ids = re.compile(rb'("id":"|"reference":"[A-Za-z]+/)')
    for file in sorted(source.glob("*.ndjson*")):
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rb") as stream:
            content = stream.read()
        copied = b"".join(
            ids.sub(rb"\g<1>" + f"{copy}-".encode(), content) for copy in range(copies)
        )
        packed = gzip.compress(copied, 1) if file.suffix == ".gz" else copied
        (folder / file.name).write_bytes(packed)
    return folder


def world_output(folder: Path) -> Path:
    """Write FHIR from the simulated world, where no other data are at hand."""
    from datetime import timedelta

    from rounds.world import World, WorldConfig

    world = World(WorldConfig(people=2_000, weeks=4))
    world.live(world.go_live + timedelta(weeks=4), None)
    world.write_fhir(folder)
    return folder


def bare_scan(folder: Path) -> tuple[float, int]:
    """Read every file typed, on the same engine with the same threads."""
    connection, views = duckdb.connect(), flattening()
    started, n = time.perf_counter(), 0
    for file in sorted(folder.glob("*.ndjson*")):
        kind = file.name.split(".")[0]
        read = {"resourceType": "VARCHAR"}
        if kind in views.resources():
            read = views.struct_columns(kind)
        columns = ", ".join(f"'{name}': '{of}'" for name, of in read.items())
        counts = ", ".join(f'count("{name}")' for name in read)
        rows = connection.execute(
            f"SELECT count(*), {counts} FROM read_ndjson('{file}', columns={{{columns}}})"
        ).fetchall()
        n += rows[0][0]
    return time.perf_counter() - started, n


def main() -> int:
    """Print the ratio; fail when it is over what is allowed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "fhir"
        folder.mkdir()
        if SYNTHEA.is_dir():
            copies_of(SYNTHEA, folder, COPIES)
        else:
            world_output(folder)
        scans, loads, n = [], [], 0
        for turn in range(3):
            seconds, n = bare_scan(folder)
            scans.append(seconds)
            started = time.perf_counter()
            report = load(folder, Path(name) / f"{turn}.duckdb")
            loads.append(time.perf_counter() - started)
            assert report.read == n, (report.read, n)
        ratio = min(loads) / min(scans)
        print(
            f"load ratio: {ratio:.2f} times a bare typed scan (at most {ALLOWED:.0f}); "
            f"{n:,} resources, {n / min(loads):,.0f} a second"
        )
    return 0 if ratio <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
