"""A small machine: 100,000 persons on 1 core and 1 GB, load, measure and all.

Limits itself to one core and, by a control group of Linux, to 1 GB without swap; loads
FHIR of the world, runs a measure by clinic and loads one arrival. It prints how long each
took and the most memory. Where it may not make a control group it says so and stops.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from at_scale import arrivals, write_world

PERSONS = 100_000
BYTES = 1 << 30
GROUPS = Path("/sys/fs/cgroup")


def control_group() -> Path:
    """Make a control group of 1 GB, of either version; give where to write who is in."""
    for root, limit in (
        (GROUPS, "memory.max"),
        (GROUPS / "memory", "memory.limit_in_bytes"),
    ):
        if (root / "cgroup.procs").exists() and (root / limit).parent.exists():
            group = root / f"rounds-{os.getpid()}"
            try:
                group.mkdir()
                (group / limit).write_text(str(BYTES))
            except OSError:
                continue
            return group
    sys.exit(
        "This user may not make a control group. Run it as root, or as\n"
        "systemd-run --user --scope -p MemoryMax=1G -p AllowedCPUs=0 "
        f"{sys.executable} {__file__} --within FOLDER"
    )


def work(folder: Path) -> int:
    """Load, measure, load one more; print the seconds of each."""
    from rounds.datamart import Datamart, load, run_measure
    from rounds.definitions import builtin_measures
    from rounds.nouns import Period

    started = time.perf_counter()
    report = load(folder / "fhir", folder / "mart")
    loaded = time.perf_counter()
    with Datamart.open(folder / "mart") as opened:
        measure = builtin_measures()["blood-pressure-control"]
        period = Period(start=date(2024, 1, 8), end=date(2025, 1, 6))
        result = run_measure(opened, measure, period, by="care_site")
        counted = result.overall.denominator
    measured = time.perf_counter()
    load(folder / "one", folder / "mart")
    arrived = time.perf_counter()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"1 core, {BYTES >> 20} MiB: {report.persons:,} persons, {report.read:,} "
        f"resources in {loaded - started:.0f} s; a measure of {counted:,} by clinic "
        f"in {measured - loaded:.1f} s; one arrival in {arrived - measured:.1f} s; "
        f"most memory {most / 1e6:.0f} MB"
    )
    return 0 if most <= BYTES else 1


def main() -> int:
    """Write the world without limits, then work within them in another process."""
    asked = argparse.ArgumentParser()
    asked.add_argument("persons", type=int, nargs="?", default=PERSONS)
    asked.add_argument("--within", type=Path, help="a folder that is written already")
    options = asked.parse_args()
    if options.within:
        return work(options.within)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "fhir").mkdir()
        write_world(options.persons, folder / "fhir")
        arrivals(folder / "fhir", folder)
        command = [sys.executable, __file__, "--within", name]
        group = control_group()

        def enter() -> None:
            (group / "cgroup.procs").write_text(str(os.getpid()))
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

        try:
            ran = subprocess.run(command, preexec_fn=enter, check=False)
            return ran.returncode
        finally:
            group.rmdir()


if __name__ == "__main__":
    sys.exit(main())
