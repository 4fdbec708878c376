"""How long do 1,000 graded loops take?

`python bench/loops.py` lives a few worlds of 20,000 persons, each three times from one
past (no effect, effect, harm), with as many processes as there are cores up to two, and
prints what 1,000 such loops would take by the clock, beside the 10 minutes that are
wished for, and beside living the worlds alone: no datamart, no service, no evaluation.
`--worlds`, `--people` and `--design` ask for others.
"""

import argparse
import os
import time

from rounds.conduct.demo import DemoOptions
from rounds.school.loops import run_loops
from rounds.world import World, WorldConfig

LOOPS, MOST_MINUTES = 1_000, 10.0
PLANTED = {
    "no effect": {"effect": 0.0, "harm": 0.0},
    "effect": {"effect": 0.06, "harm": 0.0},
    "effect and harm": {"effect": 0.06, "harm": 0.04},
}


def whole(worlds: int, people: int, design: str, processes: int) -> float:
    """Give the seconds of the graded loops of some worlds; the first is not counted."""
    shape = {"people": people, "clinics": 80, "weeks": 26, "processes": processes}
    run_loops(PLANTED, loops=processes, seed=1, design=design, **shape)
    started = time.perf_counter()
    found = run_loops(PLANTED, loops=worlds, seed=101, design=design, **shape)
    seconds = time.perf_counter() - started
    assert len(found) == worlds * len(PLANTED)
    return seconds


def bare(people: int) -> float:
    """Give the processor's seconds of the same weeks lived by a world alone."""
    options = DemoOptions(people=people, weeks=26, seed=101)
    started = time.process_time()
    for planted in PLANTED.values():
        world = World(
            WorldConfig(
                people=people, weeks=options.weeks, seed=options.seed, **planted
            )
        )
        world.live(world.trial_end, None)
    return time.process_time() - started


def main() -> None:
    """Print the lines."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--worlds", type=int, default=6)
    asked.add_argument("--people", type=int, default=20_000)
    asked.add_argument("--design", default="parallel")
    given = asked.parse_args()
    processes = min(2, os.cpu_count() or 1)
    seconds = whole(given.worlds, given.people, given.design, processes)
    loops = given.worlds * len(PLANTED)
    minutes = seconds / loops * LOOPS / 60
    share = bare(given.people) / (seconds * processes / given.worlds)
    print(
        f"{loops} graded loops ({given.design}) of {given.people:,} persons in "
        f"{seconds:.1f} s with {processes} processes: {LOOPS:,} in {minutes:.1f} "
        f"minutes, {minutes / MOST_MINUTES:.2f} times {MOST_MINUTES:.0f} (at most 1); "
        f"living the worlds alone takes {share:.2f} of it"
    )


if __name__ == "__main__":
    main()
