"""What does one look cost that may be repeated, beside one that may not?

Prints ratios, made in one run. An always-valid interval of 1,000 trials over 250 days,
against the bare estimates and plain intervals that it is made from; and five bounds
that spend their error, solved to nine digits, against a simulation of as many trials as
give three.
"""

import sys
import time

import numpy as np

from rounds.methods.sequential import (
    LanDeMetsOBrienFleming,
    confidence_sequence,
    proportion_path,
    spending_bounds,
)

TRIALS, DAYS, TURNS = 1_000, 250, 5
SIMULATED = 1_000_000
MOST_OF_PLAIN, MOST_OF_SIMULATION = 3.0, 1 / 20
LOOKS = np.arange(1, 6) / 5


def fastest(work):
    times = []
    for _ in range(TURNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def simulated():
    """Give the first bounds by sorting what is left of simulated trials at each look."""
    rng = np.random.default_rng(1)
    spent = LanDeMetsOBrienFleming()(LOOKS, 0.025)
    score, used, bounds = np.zeros(SIMULATED), 0.0, []
    for t, allowed in zip(LOOKS, spent, strict=True):
        score = score + rng.normal(0, np.sqrt(0.2), score.size)
        count = max(round((allowed - used) * SIMULATED), 1)
        bound = np.partition(score, -count)[-count]
        bounds.append(bound / np.sqrt(t))
        score, used = score[score < bound], allowed
    return bounds


def main():
    rng = np.random.default_rng(2)
    x = rng.binomial(4, 0.3, (TRIALS, DAYS, 2)).cumsum(axis=1)
    n = np.broadcast_to(np.arange(1, DAYS + 1)[:, None] * 4.0, x.shape)

    def plain():
        path = proportion_path(x, n)
        return path.estimate - 1.96 * path.se, path.estimate + 1.96 * path.se

    def watched():
        path = proportion_path(x, n)
        return confidence_sequence(path.estimate, path.se, alpha=0.05, tightest=0.02)

    look = fastest(watched) / fastest(plain)
    print(
        f"always-valid: {TRIALS:,} trials over {DAYS} days in {look:.1f} times what "
        f"plain intervals take (at most {MOST_OF_PLAIN:.0f})"
    )
    started = time.perf_counter()
    about = simulated()
    by_chance = time.perf_counter() - started
    solved = fastest(
        lambda: spending_bounds(LOOKS, LanDeMetsOBrienFleming(), alpha=0.025)
    )
    exact = spending_bounds(LOOKS, LanDeMetsOBrienFleming(), alpha=0.025).upper
    apart = np.abs(exact[1:] - about[1:]).max()
    print(
        f"bounds: five looks in 1/{by_chance / solved:.0f} of what {SIMULATED:,} "
        f"simulated trials take (at most 1/{1 / MOST_OF_SIMULATION:.0f}), which are "
        f"{apart:.3f} off"
    )
    kept = look <= MOST_OF_PLAIN and solved / by_chance <= MOST_OF_SIMULATION
    return 0 if kept and apart < 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
