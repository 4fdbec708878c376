# ruff: noqa: SLF001, ARG002 - looks behind the world on purpose
"""Print what the world does beside the figures it is calibrated to.

    .venv/bin/python bench/world_calibration.py [worlds] [effect] [harm]

Each world has another seed; every figure is a mean over worlds with its Monte Carlo
error. The trial analysis is a plain one: arms compared by clinic totals, with
cluster-robust standard errors and no adjustment.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from rounds.world import EveryCard, World, WorldConfig
from rounds.world.calls import Everywhere
from rounds.world.config import PROBLEMS
from rounds.world.equity import DAYS, equity_gap
from rounds.world.measured import measured
from rounds.world.problems.codes import HBA1C, MEDICINES, STATIN
from rounds.world.solve import first_in_window, solve_acceptance
from rounds.world.trial_population import lowest_of_visit
from rounds.world.truth import potential_outcomes

T_38 = 2.024
TARGETS = {
    "hypertensive adults": "3,000 or more",
    "uncontrolled visits": "0.338",
    "intensified at uncontrolled visits": "0.131 (to 0.168)",
    "expected control, SVI quartile 1": "0.748",
    "expected control, SVI quartile 4": "0.703",
    "equity gap": "-0.045",
    "clinic ICC, process": "0.01 to 0.05",
    "clinic ICC, outcome": "0.01 to 0.03",
    "cards overridden or ignored": "0.46 to 0.96",
    "effect (planted)": "as asked",
    "harm (planted, observed)": "as asked",
    "low pressure nowhere": "0.01 to 0.02",
    "trial: se of effect": "",
    "trial: effect detected": "0.90 or more",
    "trial: se of low pressure": "0.006 or less",
    "HbA1c tested within the year": "0.82 to 0.86",
    "of those tested, below 7%": "0.505 to 0.574",
    "HbA1c above 9% or not tested": "0.22 to 0.40",
}


def icc(y, cluster):
    """Give the one-way analysis-of-variance estimate of the intraclass correlation."""
    n = np.bincount(cluster)
    keep = n > 0
    mean = np.bincount(cluster, y) / np.maximum(n, 1)
    between = (n * (mean - y.mean()) ** 2)[keep].sum() / (keep.sum() - 1)
    within = ((y - mean[cluster]) ** 2).sum() / (len(y) - keep.sum())
    size = (len(y) - (n**2).sum() / len(y)) / (keep.sum() - 1)
    return (between - within) / (between + (size - 1) * within)


def cluster_difference(y, active, clinic, known):
    """Compare arms by clinic totals; give difference and standard error."""
    parts = []
    for arm in (True, False):
        rows = known & (active == arm)
        which = np.unique(clinic[active == arm])
        n = np.bincount(clinic[rows], minlength=clinic.max() + 1)[which]
        total = np.bincount(clinic[rows], y[rows], minlength=clinic.max() + 1)[which]
        mean = total.sum() / n.sum()
        k = len(which)
        residual = total - n * mean
        parts.append((mean, k / (k - 1) * (residual**2).sum() / n.sum() ** 2))
    return parts[0][0] - parts[1][0], np.sqrt(parts[0][1] + parts[1][1])


def one_world(seed, effect, harm, people):
    """Give the figures of one world."""
    size = {} if people is None else {"people": people}
    config = WorldConfig(seed=seed, effect=effect, harm=harm, **size)
    world = World(config)
    world.live(world.go_live, None)
    scene, records, go_live = world._scene, world._records, 7 * 78
    persons, clinic_of = scene.persons, scene.persons.clinic
    visits, decisions = records.table("visit"), records.table("decision")
    systolic, diastolic = lowest_of_visit(records)
    listed = persons.onset_day[visits["person"]] <= visits["day"]
    rows = (visits["kind"] == 0) & listed & ~np.isnan(systolic)
    high = (systolic >= 140) | (diastolic >= 90)
    first = first_in_window(decisions["person"], decisions["day"], 364, go_live)
    year = np.flatnonzero(rows & (visits["day"] >= go_live - 365))
    last = year[first_in_window(visits["person"][year], -visits["day"][year], -9999, 1)]
    gap = equity_gap(scene, records)
    fork = (world._state, records)
    acceptance = solve_acceptance(config, scene, records)
    on, off = potential_outcomes(config, scene, fork, acceptance)
    override = _override_share(config, world, acceptance)
    coin = np.random.default_rng(seed).permutation(config.n_clinics)
    clinic = clinic_of[on.person]
    active = (coin % 2 == 0)[clinic]
    everyone = np.ones(len(clinic), dtype=bool)
    y = np.where(active, on.intensified, off.intensified).astype(float)
    found, se = cluster_difference(y, active, clinic, everyone)
    low = np.where(active, on.low_pressure, off.low_pressure).astype(float)
    seen = np.where(active, on.low_pressure_observed, off.low_pressure_observed)
    _, low_se = cluster_difference(low, active, clinic, seen)
    on_low = on.low_pressure[on.low_pressure_observed].mean()
    off_low = off.low_pressure[off.low_pressure_observed].mean()
    return {
        "hypertensive adults": persons.hypertensive.sum(),
        "uncontrolled visits": high[rows].mean(),
        "intensified at uncontrolled visits": decisions["intensified"].mean(),
        "expected control, SVI quartile 1": gap["by"]["1"]["expected"],
        "expected control, SVI quartile 4": gap["by"]["4"]["expected"],
        "equity gap": gap["value"],
        "clinic ICC, process": icc(
            decisions["intensified"][first].astype(float),
            clinic_of[decisions["person"][first]],
        ),
        "clinic ICC, outcome": icc(
            1 - high[last].astype(float), clinic_of[visits["person"][last]]
        ),
        "cards overridden or ignored": override,
        "trial population": len(on.person),
        "intensified nowhere": off.intensified.mean(),
        "effect (planted)": on.intensified.mean() - off.intensified.mean(),
        "low pressure nowhere": off_low,
        "harm (planted, observed)": on_low - off_low,
        "low pressure observed": off.low_pressure_observed.mean(),
        "systolic observed, everywhere": (~np.isnan(on.systolic)).mean(),
        "systolic observed, nowhere": (~np.isnan(off.systolic)).mean(),
        "systolic difference": np.nanmean(on.systolic) - np.nanmean(off.systolic),
        "control difference": np.nanmean(on.controlled) - np.nanmean(off.controlled),
        "trial: effect found": found,
        "trial: se of effect": se,
        "trial: effect detected": abs(found / se) > T_38,
        "trial: se of low pressure": low_se,
    }


def one_world_of_problems(seed, people):
    """Give the figures of one world's diabetes and screening."""
    size = {} if people is None else {"people": people}
    world = World(WorldConfig(seed=seed, problems=PROBLEMS, **size))
    world.live(world.go_live, None)
    scene, records = world._scene, world._records
    found = measured(scene, records)
    poor, statin = found["hba1c-poor-control"], found["statin-therapy"]
    end = 7 * scene.go_live_week
    labs, visits = records.table("lab"), records.table("visit")
    day = visits["day"][labs["visit"]]
    rows = np.flatnonzero((labs["lab"] == HBA1C.name) & (day >= end - DAYS))
    rows = rows[np.isin(labs["person"][rows], poor.person)]
    last = rows[first_in_window(labs["person"][rows], -day[rows], -end, 1)]
    orders = records.table("prescription")
    is_statin = orders["medicine"] == MEDICINES.index(STATIN)
    begun = first_in_window(
        orders["person"][is_statin], orders["day"][is_statin], 0, end
    )
    first_day = np.full(len(scene.persons.index), 1 << 20)
    first_day[orders["person"][is_statin][begun]] = orders["day"][is_statin][begun]
    first_day = first_day[statin.person]
    without = first_day >= end - DAYS
    return {
        "diabetes among adults": (scene.beside[0].onset_day < end).mean(),
        "HbA1c tested within the year": len(last) / len(poor.person),
        "of those tested, below 7%": (labs["value"][last] < 7).mean(),
        "of those tested, above 9%": (labs["value"][last] > 9).mean(),
        "HbA1c above 9% or not tested": 1 - poor.does_well.mean(),
        "on a statin": statin.does_well.mean(),
        "statin started within the year": (first_day[without] < end).mean(),
        "screened for colorectal cancer": found[
            "colorectal-cancer-screening"
        ].does_well.mean(),
    }


class _Counting(Everywhere):
    """The card everywhere, counting what is shown and accepted."""

    n_shown = 0
    n_accepted = 0

    def shown(self, week, batch):
        given = super().shown(week, batch)
        self.n_shown += given.sum()
        return given

    def answered(self, accepted, answer, reason):
        self.n_accepted += accepted.sum()


def _override_share(config, world, acceptance):
    from rounds.world.state import Now
    from rounds.world.week import live_week

    channel = _Counting(world._scene)
    state, records = world._state.copy(), world._records.copy()
    for week in range(78, 78 + config.weeks):
        live_week(Now(world._scene, week, state, records, acceptance), channel)
    return 1 - channel.n_accepted / channel.n_shown


def main(n_worlds=40, effect=0.06, harm=0.0, people=None):
    """Print the table."""
    begin = time.process_time()
    made = [one_world(1_000 + i, effect, harm, people) for i in range(n_worlds)]
    seconds = (time.process_time() - begin) / n_worlds
    print(f"{n_worlds} worlds, effect {effect}, harm {harm}")
    table(made)
    print(f"{seconds:.2f} s of CPU a world, three trials and this table included")
    print(f"\n{n_worlds} worlds with diabetes and screening")
    table([one_world_of_problems(1_000 + i, people) for i in range(n_worlds)])
    print(f"\nall problems against one, CPU: {ratio(people):.2f}")


def table(made):
    """Print the mean of every figure over worlds, with its Monte Carlo error."""
    print(f"{'figure':36}{'mean':>10}{'mc error':>10}{'sd':>10}  target")
    for name in made[0]:
        values = np.array([world[name] for world in made], dtype=float)
        sd = values.std(ddof=1)
        error = sd / np.sqrt(len(made))
        target = TARGETS.get(name, "")
        print(f"{name:36}{values.mean():10.4f}{error:10.4f}{sd:10.4f}  {target}")


def ratio(people, repeats=5):
    """Give what a world with all problems costs against one with hypertension.

    Made, lived to the trial's end with cards, and written as OMOP; the quickest of
    some, in turns. The truth is apart.
    """
    size = {} if people is None else {"people": people}
    seconds = {("hypertension",): [], PROBLEMS: []}
    for _ in range(repeats):
        for problems, taken in seconds.items():
            begin = time.process_time()
            world = World(WorldConfig(problems=problems, **size))
            world.live(world.trial_end, EveryCard())
            with TemporaryDirectory() as folder:
                world.write_omop(Path(folder))
            taken.append(time.process_time() - begin)
    alone, together = (min(taken) for taken in seconds.values())
    return together / alone


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        *(
            kind(text)
            for kind, text in zip((int, float, float, int), given, strict=False)
        )
    )
