"""How much faster are 100 cohorts together than one by one?

Prints, in one run on the same made data, the processor's time of three ways and their
ratios: each cohort by itself with Circe's own statements; each by itself with the
statements that are written for several; all together. The rows of all ways must be equal.

There are two workloads. `drawn`: cohorts drawn by chance from all that Circe has, which
have concept sets and tables in common but hardly a criterion. `family`: five entry events
by five subgroups by two spans of observation by two exits, as a site has them.
`ROUNDS_BENCH_PERSONS` and `ROUNDS_BENCH_COHORTS` set the size.
"""

import math
import os
import sys
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from rounds.datamart.cohorts import compile_cohort, compile_together
from stories.cohort_cdm import made
from stories.cohort_engines import PLACES, duckdb_with, with_history
from stories.cohort_families import family
from stories.cohort_random import drawn

PERSONS = int(os.environ.get("ROUNDS_BENCH_PERSONS", "20000"))
COHORTS = int(os.environ.get("ROUNDS_BENCH_COHORTS", "100"))
ONCE, APART = 20_000, 10_000_000
"""So many persons are made; more are copies of them, their ids so far apart."""
LEAST = {"drawn": 1.6 if PERSONS <= ONCE else 1.2, "family": 4.5}
"""Together must be at least so many times faster than Circe's statements one by one.
What is drawn shares little but its compilation, which weighs less the more persons."""


def circe_alone(cursor, chosen):
    """Run each with Circe's own statements."""
    for n, one in enumerate(chosen, 1):
        run(cursor, compile_cohort(one, "duckdb", cohort_id=n, places=PLACES))


def ours_alone(cursor, chosen):
    """Run each by itself, written as several are."""
    for n, one in enumerate(chosen, 1):
        all_together(cursor, [one], ids=[n])


def all_together(cursor, chosen, ids=None):
    """Run all so that they share what they can."""
    made = compile_together(chosen, "duckdb", places=PLACES, ids=ids)
    for group in (made.before, *made.each, made.after):
        run(cursor, group)


def run(cursor, statements):
    for statement in statements:
        cursor.execute(statement)


def rows_of(cursor):
    """Give how many rows each cohort has in both tables, and a sum over what they hold."""
    found = []
    for table in ("cohort", "attrition"):
        cursor.execute(
            f"SELECT cohort_definition_id, count(*), sum(hash({COLUMNS[table]})) "
            f"FROM {PLACES[table]} GROUP BY ALL ORDER BY ALL"
        )
        found.append(cursor.fetchall())
        cursor.execute(f"DELETE FROM {PLACES[table]}")
    return found


def measured(engine, name, chosen):
    """Time one workload; give what is wrong with it."""
    first = seconds = mine = None
    for way, filled in WAYS.items():
        with closing(engine.cursor()) as cursor:
            wall, processor = time.monotonic(), time.process_time()
            filled(cursor, chosen)
            mine, wall = time.process_time() - processor, time.monotonic() - wall
            found = rows_of(cursor)
        first, seconds = first or found, seconds or mine
        told = f"{name}, {way}:"
        print(f"{told:40}{mine:8.1f} (clock {wall:.1f}) {seconds / mine:6.2f} ×")
        if found != first:
            return [f"{name}: the rows of {way} differ."]
    n, steps = (sum(n for _, n, _ in one) for one in first)
    print(f"{name}: equal rows, {n:,} of cohorts and {steps:,} of attrition")
    if seconds / mine < LEAST[name]:
        return [f"{name}: together is not {LEAST[name]} times as fast."]
    return []


WAYS = {
    "Circe's, one by one": circe_alone,
    "ours, one by one": ours_alone,
    "together": all_together,
}
COLUMNS = {
    "cohort": "subject_id, cohort_start_date, cohort_end_date",
    "attrition": "person_id, inclusion_rule_mask, event_count",
}


def copied(engine, tables):
    """Put further copies of everybody beside the first, under ids of their own."""
    with closing(engine.cursor()) as cursor:
        for name, table in tables.items():
            if "person_id" not in table.column_names:
                continue
            own = {table.column_names[0], "person_id", "visit_occurrence_id"}
            moved = ", ".join(
                f"{one} + i * {APART} AS {one}"
                for one in table.column_names
                if one in own
            )
            cursor.execute(
                f"INSERT INTO cdm.{name} SELECT * EXCLUDE (i) REPLACE ({moved}) FROM cdm.{name}, "
                f"range(1, {math.ceil(PERSONS / ONCE)}) AS copies(i)"
            )


def main():
    tables = with_history(made(n_persons=min(PERSONS, ONCE), per_person=8))
    workloads = {
        "drawn": [drawn(50_000 + n) for n in range(COHORTS)],
        "family": family()[:COHORTS],
    }
    with duckdb_with(tables) as engine:
        copied(engine, tables)
        rows, persons = (
            sum(engine.table(f"cdm.{name}").shape[0] for name in names)
            for names in (tables, ["person"])
        )
        print(
            f"{persons:,} persons, {rows:,} rows, {COHORTS} cohorts; "
            "seconds of processor"
        )
        failed = [
            one
            for name, chosen in workloads.items()
            for one in measured(engine, name, chosen)
        ]
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
