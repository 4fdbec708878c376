"""How much of a whole load does an arrival take, and a thousand of them?

Prints two ratios, made in one run: one new observation, and 1,000 in one file, loaded
into a datamart, against loading everything at once; and how many rows of the OMOP
tables differ in the end, which must be none. A small whole load hides what an arrival
costs, so the number of copies matters: `python bench/arrivals.py 16` takes minutes.
"""

import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

from load_ratio import SYNTHEA, copies_of, world_output

from rounds.datamart import Datamart, load

COPIES = 16
ONE_OF, THOUSAND_OF = 30, 3
ARRIVALS = 1_000


def observations(folder: Path) -> list[dict[str, object]]:
    """Give as many observations as are to arrive, spread over the file's persons."""
    (file,) = folder.glob("Observation.ndjson*")
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt") as stream:
        lines = stream.readlines()
    step = max(1, len(lines) // (ARRIVALS + 1))
    return [json.loads(line) for line in lines[::step]][: ARRIVALS + 1]


def arrive(folder: Path, given: list[dict[str, object]], name: str) -> Path:
    """Write observations under new ids."""
    folder.mkdir()
    with (folder / "Observation.ndjson").open("w") as stream:
        for place, one in enumerate(given):
            stream.write(json.dumps({**one, "id": f"{name}-{place}"}) + "\n")
    return folder


def timed(source: Path, mart: Path) -> float:
    """Load, and give the seconds that it took."""
    started = time.perf_counter()
    load(source, mart)
    return time.perf_counter() - started


def prints(mart: Path) -> dict[str, str]:
    """Give a fingerprint of each table's rows, whatever their order."""
    with Datamart.open(mart) as opened:
        return dict(opened.fingerprints())


def main() -> int:
    """Print the ratios; fail when one is over what is allowed, or a row differs."""
    copies = int(sys.argv[1]) if len(sys.argv) > 1 else COPIES
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = place / "fhir"
        folder.mkdir()
        if SYNTHEA.is_dir():
            copies_of(SYNTHEA, folder, copies)
        else:
            world_output(folder)
        given = observations(folder)
        whole = timed(folder, place / "mart")
        one = timed(arrive(place / "one", given[:1], "one"), place / "mart")
        many = timed(arrive(place / "many", given[1:], "many"), place / "mart")
        for each in ("one", "many"):
            (place / each / "Observation.ndjson").rename(folder / f"{each}.ndjson")
        load(folder, place / "at-once")
        found, expected = prints(place / "mart"), prints(place / "at-once")
    different = [table for table, value in expected.items() if found[table] != value]
    print(
        f"one arrival: 1/{whole / one:.0f} of a whole load (at most 1/{ONE_OF}); "
        f"{len(given) - 1:,}: 1/{whole / many:.1f} (at most 1/{THOUSAND_OF}); "
        f"tables that differ: {len(different)} {different or ''}"
    )
    slow = one * ONE_OF > whole or many * THOUSAND_OF > whole
    return 1 if slow or different else 0


if __name__ == "__main__":
    sys.exit(main())
