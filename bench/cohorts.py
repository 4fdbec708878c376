"""How much faster are 100 cohorts together than one by one?

Prints, in one run on the same made data, the processor's time of each way and its ratio
to the first: each cohort by itself; concept sets, slices of tables and equal criteria
shared. The rows of all ways must be equal. `ROUNDS_BENCH_PERSONS` and
`ROUNDS_BENCH_COHORTS` set the size.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from stories.cohort_cdm import made
from stories.cohort_engines import alone, duckdb_with, together, with_history
from stories.cohort_random import drawn

PERSONS = int(os.environ.get("ROUNDS_BENCH_PERSONS", "20000"))
COHORTS = int(os.environ.get("ROUNDS_BENCH_COHORTS", "100"))
LEAST = 1.2
"""Together must be at least so many times faster."""


def timed(run, *arguments):
    wall, processor = time.monotonic(), time.process_time()
    found = run(*arguments)
    return found, time.process_time() - processor, time.monotonic() - wall


def main():
    tables = with_history(made(n_persons=PERSONS, per_person=8))
    rows = sum(table.num_rows for table in tables.values())
    chosen = [drawn(50_000 + n) for n in range(COHORTS)]
    print(
        f"{PERSONS:,} persons, {rows:,} rows, {COHORTS} cohorts; seconds of processor"
    )
    with duckdb_with(tables) as engine:
        one, seconds, wall = timed(alone, engine, chosen)
        print(f"one by one   {seconds:8.1f}   (clock {wall:.1f})")
        all_of_them, shared, wall = timed(together, engine, chosen)
        print(
            f"together     {shared:8.1f}   (clock {wall:.1f})   {seconds / shared:.2f} ×"
        )
    if one != all_of_them:
        sys.exit("The rows differ.")
    print(f"equal rows: {len(one[0]):,} of cohorts, {len(one[1]):,} of attrition")
    if seconds / shared < LEAST:
        sys.exit(f"Together is not {LEAST} times faster.")


if __name__ == "__main__":
    main()
