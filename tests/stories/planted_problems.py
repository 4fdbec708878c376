"""Worlds with several problems, the truth of each, and the list that was made of it."""

import datetime as dt
import json
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from rounds.conduct.demo.beginning import Clock, load_practice
from rounds.conduct.desk import Desk
from rounds.conduct.opportunities import run_opportunities
from rounds.conduct.project import Project
from rounds.nouns import Period
from rounds.world import DiabetesPlanting, ScreeningPlanting, World, WorldConfig

BP, HBA1C = "blood-pressure-control", "hba1c-poor-control"
STATIN, COLORECTAL = "statin-therapy", "colorectal-cancer-screening"
MEASURES = (BP, HBA1C, STATIN, COLORECTAL)
PEOPLE, CLINICS = 8_000, 8
# Levels and spreads that put the problems in two quite different orders.
PLANTED = {
    (COLORECTAL, BP, HBA1C, STATIN): {
        "n_outliers": 1,
        "diabetes": DiabetesPlanting(
            tested_spread=0.9, control_spread=0.5, statin_spread=0.4
        ),
        "screening": ScreeningPlanting(done_spread=1.0),
    },
    (BP, COLORECTAL, STATIN, HBA1C): {
        "n_outliers": 3,
        "diabetes": DiabetesPlanting(
            tested_spread=0.0, control_spread=0.0, statin_spread=0.8
        ),
        "screening": ScreeningPlanting(done_spread=0.4),
    },
}
# What a patient gains is the same whatever the measure, and certain: so lines are
# ranked by patients, and only those of the planted problems are.
STAKES = """\
perspective: the health system
currency: USD
worth: 100000
stakes:
""" + "".join(
    f"""\
  - measure: {measure}
    health: {{value: 0.1, lower: 0.1, upper: 0.1, source: made up}}
    cost: {{value: 0, lower: 0, upper: 0, source: made up}}
    changeable: {{value: 0.5, lower: 0.5, upper: 0.5, source: made up}}
"""
    for measure in MEASURES
)


@dataclass(frozen=True)
class Ranked:
    """A line of the list beside its truth."""

    measure: str
    site: str | None
    gap: float
    """The true one, in patients."""
    patients: float
    lower: float
    upper: float
    true_rank: int
    rank: int
    rank_lower: int
    rank_upper: int

    @property
    def holds_rank(self):
        """Whether the interval of the rank holds the true rank."""
        return self.rank_lower <= self.true_rank <= self.rank_upper

    @property
    def holds_gap(self):
        """Whether the interval of the patients holds the true gap."""
        return self.lower <= self.gap <= self.upper


@dataclass(frozen=True)
class Told:
    """What was planted, and what the list said of it."""

    planted: tuple[str, ...]
    measures: tuple[Ranked, ...]
    sites: tuple[Ranked, ...]
    n_hidden: int
    """Lines of sites whose numbers are hidden, since they are of few people."""


def config_of(seed):
    """Give the odd worlds one order of problems, the even ones another."""
    planted = list(PLANTED)[1 - seed % 2]
    return planted, WorldConfig(
        people=PEOPLE,
        n_clinics=CLINICS,
        weeks=4,
        seed=seed,
        problems=("hypertension", "diabetes", "screening"),
        **PLANTED[planted],
    )


def told_of_world(seed, root):
    """Live a world until go-live, load it, list its opportunities, open its truth."""
    planted, config = config_of(seed)
    world = World(config)
    world.live(world.go_live, None)
    project = Project.init(root / "project", source=None, demo=True)
    project.stakes_path.write_text(STAKES)
    eve = world.go_live - dt.timedelta(days=1)
    year = Period(start=eve - dt.timedelta(days=364), end=eve)
    with Desk.open(project, now=Clock(eve), by="tests", threads=1) as desk:
        load_practice(desk, world)
        found = run_opportunities(desk, year)
    world.seal(root / "truth.json")
    truth = json.loads((root / "truth.json").read_text())["opportunities"]
    assert truth["period"] == [str(year.start), str(year.end)]
    return Told(planted, *_beside(found, truth["measures"]))


def _beside(found, truth):
    gaps = {(name, None): one["gap"] for name, one in truth.items()}
    gaps |= {
        (name, site["clinic"]): site["gap"]
        for name, one in truth.items()
        for site in one["by"]
    }
    weighed = [line for line in found.lines if line.rank is not None]
    whole = [line for line in weighed if line.unit is None]
    sites = [line for line in weighed if line.unit is not None]
    hidden = sum(line.suppressed for line in found.lines)
    return _ranked(whole, gaps), _ranked(sites, gaps), hidden


def _ranked(lines, gaps):
    names = [(line.measure.name.removeprefix("measure/"), line.unit) for line in lines]
    true = rankdata([-gaps[name] for name in names], method="min").astype(int)
    return tuple(
        Ranked(
            measure=name,
            site=site,
            gap=gaps[name, site],
            patients=line.patients.value,
            lower=line.patients.lower,
            upper=line.patients.upper,
            true_rank=int(rank),
            rank=line.rank,
            rank_lower=line.rank_lower,
            rank_upper=line.rank_upper,
        )
        for (name, site), line, rank in zip(names, lines, true, strict=True)
    )


def is_whole(told, measure):
    """Say whether a measure's sites are all told, and none is weighed with others."""
    return sum(line.measure == measure for line in told.sites) == CLINICS


def clear_pairs(told, margin):
    """Give the pairs of measures, larger first, whose true gaps differ by the margin."""
    return [
        (one, other)
        for one in told.measures
        for other in told.measures
        if one.gap >= margin * other.gap and one is not other
    ]


def share_of(values):
    """Give a share and its Monte Carlo error."""
    share = float(np.mean(values))
    return share, float(np.sqrt(share * (1 - share) / len(values)))
