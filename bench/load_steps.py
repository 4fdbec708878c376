"""Where the time of a load of FHIR goes, statement by statement.

Prints, for each statement that takes a hundredth of the whole: its seconds by the
clock, its seconds of the processor, and how many cores that kept busy. Where it is
fewer than there are, it waits for the disk or runs on one thread. Files are read
several at once, so their statements overlap, and each counts what the others used.

`python bench/load_steps.py FOLDER` loads the FHIR in a folder; without one, of 20,000
simulated persons. With `--threads 1` nothing overlaps.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import duckdb
from at_scale import write_vocabulary, write_world

from rounds.datamart import load, load_vocabulary

LEAST = 0.01
_SHOWN = 96


class Timed:
    """A connection that writes down what each statement took."""

    def __init__(self, real: Any, log: dict[str, list[float]]) -> None:
        self._real, self._log = real, log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._real.close()

    def cursor(self) -> "Timed":
        """Give another connection to the same databases, timed as well."""
        return Timed(self._real.cursor(), self._log)

    def commit(self) -> None:
        """Commit: what was written is merged."""
        self._timed("COMMIT", self._real.commit)

    def execute(self, statement: str, *given: Any) -> "Timed":
        """Run a statement, and write down what it took."""
        self._timed(statement, self._real.execute, statement, *given)
        return self

    def _timed(self, statement: str, run: Any, *given: Any) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        try:
            run(*given)
        finally:
            took = self._log[" ".join(statement.split())[:_SHOWN]]
            took[0] += time.perf_counter() - clock
            took[1] += time.process_time() - processor
            took[2] += 1


def main() -> int:
    """Load once, and print what took how long."""
    asked = argparse.ArgumentParser()
    asked.add_argument("source", type=Path, nargs="?")
    asked.add_argument("--folder", type=Path, default=None)
    asked.add_argument("--threads", type=int, default=None)
    options = asked.parse_args()
    with ExitStack() as stack:
        made = tempfile.TemporaryDirectory(dir=options.folder)
        place = Path(stack.enter_context(made))
        source = options.source or place / "fhir"
        if options.source is None:
            source.mkdir()
            write_world(20_000, source)
        (place / "athena").mkdir()
        write_vocabulary(place / "athena")
        load_vocabulary(place / "athena", place / "mart")
        show(*timed(source, place / "mart", options.threads))
    return 0


def timed(
    source: Path, mart: Path, threads: int | None
) -> tuple[dict[str, list[float]], float, float]:
    """Load; give what each statement took, and the whole."""
    log: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
    real = duckdb.connect
    duckdb.connect = lambda *a, **k: Timed(real(*a, **k), log)
    clock, processor = time.perf_counter(), time.process_time()
    try:
        load(source, mart, threads=threads)
    finally:
        duckdb.connect = real
    return log, time.perf_counter() - clock, time.process_time() - processor


def show(log: dict[str, list[float]], clock: float, processor: float) -> None:
    """Print what took a hundredth of the whole, and the whole."""
    print(f"{'clock':>8} {'processor':>9} {'cores':>5} {'times':>5}")
    for statement, (seconds, used, n) in log.items():
        if seconds >= LEAST * clock:
            print(f"{seconds:8.2f} {used:9.2f} {used / seconds:5.1f} {n:5} {statement}")
    print(f"{clock:8.2f} {processor:9.2f} {processor / clock:5.1f}       the whole")


if __name__ == "__main__":
    sys.exit(main())
