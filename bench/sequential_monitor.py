"""What does one look cost that may be repeated, beside one that may not?

Prints ratios, made in one run. An always-valid interval of 1,000 trials over 250 days,
against the bare estimates and plain intervals that it is made from; and five bounds
that spend their error, solved to nine digits, against a simulation of as many trials as
give three. Last, one day more of a trial with a million persons in clinics, in processor
time: the sums of its clinics moved on, the interval and the bound of that day; and, for
comparison, the final evaluation's model fitted to all of them again.
"""

import sys
import time

import numpy as np
from timing import fastest

from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.sequential import (
    LanDeMetsOBrienFleming,
    cluster_path,
    confidence_sequence,
    proportion_path,
    spending_bounds,
)

TRIALS, DAYS = 1_000, 250
SIMULATED = 1_000_000
MOST_OF_PLAIN, MOST_OF_SIMULATION = 3.0, 1 / 20
LOOKS = np.arange(1, 6) / 5
PERSONS, CLINICS, A_DAY = 1_000_000, 400, 4_000
MOST_UPDATE = 0.050
"""Seconds."""


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


def a_day_more():
    """Give processor seconds of one day's update, and of fitting everybody again."""
    rng = np.random.default_rng(3)
    clinic = rng.integers(0, CLINICS, PERSONS + A_DAY)
    treated = np.arange(CLINICS) % 2 == 0
    event = (rng.random(clinic.size) < 0.3).astype(float)
    totals = np.bincount(clinic[:PERSONS], minlength=CLINICS)
    sums = np.bincount(clinic[:PERSONS], event[:PERSONS], minlength=CLINICS)

    def update():
        new, of = clinic[PERSONS:], event[PERSONS:]
        n = totals + np.bincount(new, minlength=CLINICS)
        x = sums + np.bincount(new, of, minlength=CLINICS)
        path = cluster_path(n[None], x[None], treated)
        confidence_sequence(
            path.estimate, path.se, alpha=0.05, tightest=0.001, df=path.df
        )
        spending_bounds(LOOKS, LanDeMetsOBrienFleming(), alpha=0.025)
        return path

    arm = treated[clinic].astype(float)
    design = np.column_stack([arm, np.ones(clinic.size)])

    def again():
        return cluster_ols(event, design, clinic)

    path, fit = update(), again()
    assert abs(path.estimate[0] - fit.estimate) < 1e-9
    clock = time.process_time
    return fastest(update, clock=clock), fastest(again, 1, clock)


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
    update, again = a_day_more()
    print(
        f"update: {A_DAY:,} persons more of {PERSONS:,} in {CLINICS} clinics in "
        f"{update * 1e3:.1f} ms (at most {MOST_UPDATE * 1e3:.0f}); all of them fitted "
        f"again in {again * 1e3:.0f} ms"
    )
    kept = (
        update <= MOST_UPDATE
        and look <= MOST_OF_PLAIN
        and solved / by_chance <= MOST_OF_SIMULATION
    )
    return 0 if kept and apart < 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
