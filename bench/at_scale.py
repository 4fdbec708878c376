"""A health system of many persons: how long, how much memory, what an arrival costs.

Prints, of one run on the same files: a whole load of FHIR (read, judge, map, resolve
codes in a vocabulary of a million, sort, write) against a bare typed scan of the same
bytes; the most memory that the load took; one arrival and a thousand against the whole
load; a measure moved by the difference against one computed in full; and how many
tables differ from a load of everything at once.

`python bench/at_scale.py 1000000` writes 11 GB and takes a while; `make bench` asks for
20,000 persons. Each load runs in a process of its own, so its memory is its own.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from load_ratio import bare_scan

from rounds.datamart import Datamart, load_vocabulary, run_measure
from rounds.definitions import builtin_measures
from rounds.nouns import Period
from rounds.world import World, WorldConfig

CHUNK = 50_000
MOST_SCANS, MOST_BYTES, ONE_OF, THOUSAND_OF = 4.0, 2 << 30, 30, 3
ARRIVALS = 1_000
CODES = 1_000_000
_IDS = re.compile(rb'("id":"|"reference":"[A-Za-z]+/)')

_LOAD = """
import json, resource, sys, time
from pathlib import Path
from rounds.datamart import load
started = time.perf_counter()
report = load(Path(sys.argv[1]), Path(sys.argv[2]))
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([time.perf_counter() - started, most, report.read]))
"""


def write_world(persons: int, folder: Path) -> None:
    """Write FHIR of a world, in copies under other ids where it is a large one."""
    chunk = min(persons, CHUNK)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        world = World(WorldConfig(people=chunk, weeks=4))
        world.live(world.go_live + timedelta(weeks=4), None)
        world.write_fhir(Path(name))
        for file in sorted(Path(name).iterdir()):
            content = file.read_bytes()
            with (folder / file.name).open("wb") as target:
                target.write(content)
                for copy in range(1, persons // chunk):
                    target.write(_IDS.sub(rb"\g<1>" + f"c{copy}-".encode(), content))


def write_vocabulary(folder: Path) -> None:
    """Write an Athena export of many codes, some of which the world uses."""
    used = [
        (1, "Condition", "SNOMED", "59621000"),
        (2, "Measurement", "LOINC", "8480-6"),
        (3, "Measurement", "LOINC", "8462-4"),
    ]
    header = (
        "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\t"
        "standard_concept\tconcept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason\n"
    )
    with (folder / "CONCEPT.csv").open("w") as file:
        file.write(header)
        for concept, domain, vocabulary, code in used:
            file.write(
                f"{concept}\tc\t{domain}\t{vocabulary}\tx\tS\t{code}\t19700101\t20991231\t\n"
            )
        for n in range(4, CODES):
            file.write(f"{n}\tc\tDrug\tRxNorm\tx\tS\tz{n}\t19700101\t20991231\t\n")


def loaded(source: Path, mart: Path) -> tuple[float, int, int]:
    """Load in another process; give seconds, the most bytes, resources read."""
    ran = subprocess.run(
        [sys.executable, "-c", _LOAD, str(source), str(mart)],
        capture_output=True,
        check=True,
        text=True,
    )
    seconds, most, read = json.loads(ran.stdout.splitlines()[-1])
    return float(seconds), int(most), int(read)


def arrivals(folder: Path, place: Path) -> list[Path]:
    """Write one new observation, and a thousand, of persons all over the file."""
    file = folder / "Observation.ndjson"
    size, given = file.stat().st_size, []
    with file.open("rb") as stream:
        for n in range(ARRIVALS + 1):
            stream.seek(n * (size // (ARRIVALS + 2)))
            stream.readline()
            given.append(json.loads(stream.readline()))
    folders = []
    for name, some in (("one", given[:1]), ("many", given[1:])):
        (place / name).mkdir()
        with (place / name / "Observation.ndjson").open("w") as stream:
            for n, one in enumerate(some):
                stream.write(json.dumps({**one, "id": f"{name}-{n}"}) + "\n")
        folders.append(place / name)
    return folders


def measured(mart: Path) -> tuple[float, object]:
    """Run a measure by clinic; give the seconds that it took, and what it says."""
    period = Period(start=date(2024, 1, 8), end=date(2025, 1, 6))
    measure = builtin_measures()["blood-pressure-control"]
    with Datamart.open(mart) as opened:
        started = time.perf_counter()
        result = run_measure(opened, measure, period, by="care_site")
        seconds = time.perf_counter() - started
    return seconds, result.model_copy(update={"snapshot": None})


def prints(mart: Path) -> dict[str, str]:
    """Give a fingerprint of each table's rows, whatever their order."""
    with Datamart.open(mart) as opened:
        return dict(opened.fingerprints())


def main() -> int:
    """Print the ratios; fail when one is over what is allowed, or a row differs."""
    asked = argparse.ArgumentParser()
    asked.add_argument("persons", type=int, nargs="?", default=20_000)
    asked.add_argument("--folder", type=Path, default=None)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        return run(options.persons, Path(name))


def run(persons: int, place: Path) -> int:
    """Do it all in one folder."""
    for folder in ("fhir", "athena"):
        (place / folder).mkdir()
    write_world(persons, place / "fhir")
    write_vocabulary(place / "athena")
    for mart in ("mart", "at-once"):
        load_vocabulary(place / "athena", place / mart)
    scan, _ = bare_scan(place / "fhir")
    whole, most, read = loaded(place / "fhir", place / "mart")
    size = sum(file.stat().st_size for file in (place / "fhir").iterdir())
    print(
        f"{persons:,} persons, {read:,} resources, {size / 1e9:.1f} GB\n"
        f"whole load: {whole / scan:.2f} times a bare typed scan "
        f"(at most {MOST_SCANS:.0f}); {read / whole:,.0f} resources a second; "
        f"most memory {most / 1e9:.2f} GB (at most {MOST_BYTES / 1e9:.2f})",
        flush=True,
    )
    full, _ = measured(place / "mart")
    one_file, many_file = arrivals(place / "fhir", place)
    one, _, _ = loaded(one_file, place / "mart")
    moved_one, _ = measured(place / "mart")
    many, _, _ = loaded(many_file, place / "mart")
    moved_many, result = measured(place / "mart")
    print(
        f"one arrival: 1/{whole / one:.0f} of a whole load (at most 1/{ONE_OF}), "
        f"its measure 1/{full / moved_one:.1f} of a full one; "
        f"{ARRIVALS:,}: 1/{whole / many:.1f} (at most 1/{THOUSAND_OF}), "
        f"measure 1/{full / moved_many:.1f}",
        flush=True,
    )
    for each in (one_file, many_file):
        shutil.move(each / "Observation.ndjson", place / "fhir" / f"{each.name}.ndjson")
    loaded(place / "fhir", place / "at-once")
    expected, found = prints(place / "at-once"), prints(place / "mart")
    different = [table for table, value in expected.items() if found[table] != value]
    same = measured(place / "at-once")[1] == result
    print(
        f"tables that differ: {len(different)} {different or ''}; measure equal: {same}"
    )
    slow = one * ONE_OF > whole or many * THOUSAND_OF > whole
    over = whole > MOST_SCANS * scan or most > MOST_BYTES
    return 1 if slow or over or different or not same else 0


if __name__ == "__main__":
    sys.exit(main())
