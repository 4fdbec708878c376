"""Pasts of sites made by hand, before any trial: what is true of them is known."""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from rounds.conduct.strata import clinic_strata
from rounds.loop.evaluation.feasibility import Past, Stretch
from rounds.loop.evaluation.participants import Participants
from rounds.methods.planning.trial_power import gamma_sizes
from rounds.nouns import Design, Period
from stories import trial

WEEKS, LONGEST, FOLLOW_UP = 26, 52, 28
PERIOD = 13
"""Weeks for which a clinic's level stays the same."""


@dataclass(frozen=True)
class Site:
    """How a site's outcomes come about."""

    clinics: int = 12
    per_clinic: float = 60.0
    """Enrolled in the whole stretch, on average."""
    rate: float = 0.35
    icc: float = 0.03
    autocorrelation: float = 0.8
    variation: float = 0.4
    baseline: int = 80
    """Persons of each clinic before the stretch; 0 for none."""
    number: bool = False
    """Whether the outcome is a number of mean 0 and standard deviation 1."""
    more_visits: float = 0.0
    """Of a person after the first, on average; 0 for no visits in the past at all."""
    alike: float = 0.0
    """Correlation of what decides the outcomes of two visits of one person."""

    @property
    def total(self):
        return 1.0 if self.number else self.rate * (1 - self.rate)


@dataclass(frozen=True)
class Levels:
    """The levels of a site's clinics; they stay when its patients are others."""

    own: np.ndarray
    sizes: np.ndarray


def levels(site, seed):
    rng = np.random.default_rng([seed, 1])
    spread = np.sqrt(site.icc * site.total * site.autocorrelation)
    return Levels(
        spread * rng.normal(size=site.clinics),
        rng.permutation(gamma_sizes(site.per_clinic, site.variation, site.clinics)),
    )


def made(site, seed, of=None):
    """Give the Past of a site; of the levels of clinics that are given."""
    known_levels = of or levels(site, seed)
    rng = np.random.default_rng([seed, 2])
    n = np.maximum(4, rng.poisson(known_levels.sizes))
    codes = np.repeat(np.arange(site.clinics), n)
    # Fewer and fewer, as where everybody is enrolled at the first visit.
    day = np.floor(7 * LONGEST * rng.random(len(codes)) ** 1.3).astype(int)
    wobble = np.sqrt(site.icc * site.total * (1 - site.autocorrelation))
    n_periods = LONGEST // PERIOD + 1
    of_period = wobble * rng.normal(size=(site.clinics, n_periods))
    level = known_levels.own[codes] + of_period[codes, day // (7 * PERIOD)]
    names = np.array([f"clinic-{i:02d}" for i in range(site.clinics)])
    known = _known(site, known_levels, names, rng)
    strata = clinic_strata(known) if known else dict.fromkeys(names.tolist(), "all")
    people = _people(
        site, names[codes], rng, day=day, level=level, known=known, strata=strata
    )
    visits = None
    if site.more_visits:
        visits = _visits(site, people, known_levels.own[codes], of_period[codes], rng)
    start = trial.GO_LIVE - dt.timedelta(days=364)
    end = start + dt.timedelta(days=7 * LONGEST - 1)
    return Past(
        stretch=Stretch(start, end, WEEKS, WEEKS, trial.GO_LIVE),
        people=people,
        balancing={"low-pressure": people},
        known=known,
        strata=strata,
        baseline_weeks=52 if known else 0,
        visits=visits,
    )


def _known(site, of, names, rng):
    if not site.baseline:
        return {}
    chance = np.clip(site.rate + of.own, 0.01, 0.99)
    rates = rng.binomial(site.baseline, chance) / site.baseline
    if site.number:
        rates = of.own + rng.normal(size=site.clinics) / np.sqrt(site.baseline)
    return {
        str(name): {"size": float(size), "baseline_rate": float(rate)}
        for name, size, rate in zip(names, of.sizes.round(), rates, strict=True)
    }


def _people(site, clinic, rng, *, day, level, known, strata):
    n = len(clinic)
    if site.number:
        outcome = level + np.sqrt(1 - site.icc) * rng.normal(size=n)
    else:
        chance = np.clip(site.rate + level, 0.001, 0.999)
        outcome = (rng.random(n) < chance).astype(float)
    start = np.datetime64(trial.GO_LIVE - dt.timedelta(days=364), "D")
    missing = {"baseline_rate": np.nan, "size": np.nan}
    return Participants(
        person=np.array([f"p{i}" for i in range(n)]),
        unit=clinic,
        clinic=clinic,
        active=np.zeros(n, bool),
        stratum=np.array([strata[one] for one in clinic.tolist()]),
        index_date=start + day,
        age=rng.integers(18, 86, n).astype(float),
        sex=np.where(rng.random(n) < 0.5, "F", "M"),
        svi_quartile=rng.integers(1, 5, n),
        baseline_rate=np.array(
            [known.get(c, missing)["baseline_rate"] for c in clinic.tolist()]
        ),
        clinic_size=np.array([known.get(c, missing)["size"] for c in clinic.tolist()]),
        observed=np.ones(n, bool),
        outcome=outcome,
        assessed=n,
        excluded=(),
    )


def _visits(site, people, own, of_period, rng):
    """Give each person some visits, from the first on, whose outcomes are alike."""
    n = 1 + rng.poisson(site.more_visits, len(people))
    whose = np.repeat(np.arange(len(people)), n)
    first = (people.index_date - people.index_date.min()).astype(int)[whose]
    is_first = np.r_[True, whose[1:] != whose[:-1]]
    later = np.floor(first + (7 * LONGEST - first) * rng.random(len(whose)))
    day = np.where(is_first, first, later).astype(int)
    level = own[whose] + of_period[whose, day // (7 * PERIOD)]
    shared = rng.normal(size=len(people))[whose]
    latent = np.sqrt(site.alike) * shared
    latent = latent + np.sqrt(1 - site.alike) * rng.normal(size=len(whose))
    chance = np.clip(site.rate + level, 0.001, 0.999)
    outcome = (stats.norm.cdf(latent) < chance).astype(float)
    return replace(
        people.where(whose),
        unit=np.arange(len(whose)).astype(str),
        index_date=people.index_date.min() + day,
        outcome=outcome,
        clinician=people.clinic[whose],
    )


def protocol(**changes):
    """Give the protocol to be; follow-up is short, so that all designs fit in."""
    end = trial.GO_LIVE + dt.timedelta(days=7 * WEEKS - 1)
    given = {
        "follow_up_days": FOLLOW_UP,
        "enrolment": Period(start=trial.GO_LIVE, end=end),
        "equity_groups": (),
    }
    return trial.protocol(**(given | changes))


BLOCKS = Design(unit="clinic", strata=("size", "baseline_rate"))


def asking(summary="risk_difference", hypothesis="superiority", margin=None):
    """Give the protocol to be, whose primary endpoint asks for something else."""
    plan = protocol()
    estimand = plan.primary.estimand.model_copy(update={"summary_measure": summary})
    said = {"estimand": estimand, "hypothesis": hypothesis, "margin": margin}
    primary = plan.primary.model_copy(update=said)
    ends = tuple(primary if e.role == "primary" else e for e in plan.endpoints)
    return plan.model_copy(update={"endpoints": ends})
