"""Clinics and patients made by hand, allocated by the project's own designs.

A clinic's true rate is what its baseline tells in part; a patient's outcome goes with
clinic, sex and age. The effect adds the same to everybody's chance.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from rounds.loop.change.rollouts import (
    CovariateConstrained,
    MatchedPairs,
    Minimisation,
    PermutedBlocks,
)
from rounds.loop.evaluation import analyse
from rounds.loop.evaluation.estimates.effects import fit
from rounds.loop.evaluation.participants import Participants
from rounds.nouns import DefinitionError, Design, age_band
from stories import trial

COVARIATES = {
    "permuted_blocks": ("baseline_rate",),
    "matched_pairs": ("stratum",),
    "covariate_constrained": ("size", "baseline_rate"),
    "minimisation": ("clinic", "sex", "age_band"),
}


@dataclass(frozen=True)
class Made:
    """How a trial comes about."""

    allocation: str
    clinics: int = 8
    per_clinic: int = 60
    effect: float = 0.0
    spread: float = 0.08
    """Standard deviation of clinics' true rates, most of it seen at baseline."""
    fraction: float = 0.1


def seed_of(number):
    return hashlib.sha256(f"allocation {number}".encode()).digest()


def names(n):
    return [f"clinic-{i:02d}" for i in range(n)]


def known_clinics(n, rng, spread=0.08):
    """Give each clinic's true rate, and what is known of it before."""
    rates = np.clip(0.3 + spread * rng.normal(size=n), 0.05, 0.8)
    sizes = np.maximum(rng.lognormal(np.log(60), 0.4, n).round(), 15)
    before = rng.binomial(sizes.astype(int), rates) / sizes
    known = {
        name: {"size": float(s), "baseline_rate": float(b)}
        for name, s, b in zip(names(n), sizes, before, strict=True)
    }
    return rates, known


def allocate(made, known, seed):
    """Give the Allocated of a trial of clinics."""
    units = dict.fromkeys(known, "all")
    names_ = ("size", "baseline_rate")
    if made.allocation == "matched_pairs":
        return MatchedPairs(seed, names_).assign(units, known).assignments
    if made.allocation == "covariate_constrained":
        return constrained(seed, units, known, made.fraction)
    return PermutedBlocks(seed, (2, 4)).assign(units)


def constrained(seed, units, known, fraction):
    """Do what the refusal advises where two odd clinics would always be apart."""
    try:
        design = CovariateConstrained(seed, ("size", "baseline_rate"), fraction)
        return design.assign(units, known).assignments
    except DefinitionError:
        return constrained(seed, units, known, min(1.0, 2 * fraction))


def protocol(made, covariates=None):
    unit = "patient" if made.allocation == "minimisation" else "clinic"
    return trial.protocol(
        unit_of_randomisation=unit,
        allocation=made.allocation,
        covariates=COVARIATES[made.allocation] if covariates is None else covariates,
        equity_groups=(),
    )


def participants(made, number):
    """Give the participants of one made trial."""
    rng = np.random.default_rng(number)
    rates, known = known_clinics(made.clinics, rng, made.spread)
    sizes = np.array([known[name]["size"] for name in known])
    n = np.maximum(rng.poisson(made.per_clinic * sizes / sizes.mean()), 4)
    place = rng.permutation(np.repeat(np.arange(made.clinics), n))
    clinic = np.array(names(made.clinics))[place]
    sex = rng.choice(["F", "M"], len(place))
    age = rng.integers(18, 86, len(place)).astype(float)
    if made.allocation == "minimisation":
        levels = [
            {"clinic": c, "sex": s, "age_band": age_band(a)}
            for c, s, a in zip(clinic.tolist(), sex.tolist(), age.tolist(), strict=True)
        ]
        arms = np.array(Minimisation(seed_of(number), 0.8).replay(levels))
        active, stratum = arms == "active", np.full(len(place), "all")
    else:
        drawn = allocate(made, known, seed_of(number))
        active = np.array([drawn[c].arm == "active" for c in clinic])
        stratum = np.array([drawn[c].stratum for c in clinic])
    chance = rates[place] + 0.08 * (sex == "M") + 0.1 * (age >= 65)
    done = rng.random(len(place)) < np.clip(chance + made.effect * active, 0, 1)
    return Participants(
        person=np.arange(len(place)).astype(str),
        unit=clinic,
        clinic=clinic,
        active=active,
        stratum=stratum,
        index_date=np.full(len(place), np.datetime64("2025-02-03")),
        age=age,
        sex=sex,
        svi_quartile=np.zeros(len(place), np.int8),
        baseline_rate=np.array([known[c]["baseline_rate"] for c in clinic]),
        clinic_size=np.array([known[c]["size"] for c in clinic]),
        observed=np.ones(len(place), bool),
        outcome=done.astype(float),
        assessed=len(place),
        excluded=(),
    )


def fits(made, n, covariates=None, judged_as=None):
    """Give the primary fit of n made trials, as their protocol says."""
    plan = protocol(made, covariates)
    if judged_as is not None:
        plan = plan.model_copy(update={"allocation": judged_as})
    return [fit(participants(made, number), plan) for number in range(n)]


def missed(found, truth):
    """How often the interval does not hold the truth."""
    return float(np.mean([not f.lower < truth < f.upper for f in found]))


def design(allocation, **changes):
    unit = "patient" if allocation == "minimisation" else "clinic"
    return Design(unit=unit, allocation=allocation, **changes)


def clinics_in_pairs(world, rng):
    """Neighbours are pairs, one of each active."""
    found = {}
    for pair in range(world.clinics // 2):
        arms = rng.permutation(["active", "silent"])
        for side in (0, 1):
            found[f"clinic-{2 * pair + side:02d}"] = (str(arms[side]), f"pair-{pair}")
    return found


def levels_of(patient):
    """What is known of a made patient at the first call: told by the name alone."""
    digest = hashlib.sha256(patient.encode()).digest()
    sex = ("female", "male")[digest[0] % 2]
    return {"clinic": patient[:10], "sex": sex, "age_band": "45-64"}


def patients_minimised(coin):
    """Give an `allocate` whose coins fall with a chance; the design says 0.8."""

    def allocated(world, rng):
        patients = [
            f"patient-{i:02d}-{place:04d}"
            for place in range(2 * world.per_clinic)
            for i in range(world.clinics)
        ]
        seed = rng.bytes(32)
        arms = Minimisation(seed, coin).replay(levels_of(p) for p in patients)
        return {p: (arm, "all") for p, arm in zip(patients, arms, strict=True)}

    return allocated


def judged(world, number, drawn_by, *, basis=None, constrained_set=None, change=None):
    """Give the Evaluation of a made trial whose rollout names an allocation.

    `change` may spoil the record of the allocation after everything went well.
    """
    made = trial.made(world, number)
    allocation = dict(made.allocation)
    if change:
        change(allocation)
    plan = trial.protocol(
        unit_of_randomisation=world.unit,
        allocation=drawn_by.allocation,
        covariates=drawn_by.adjusts,
        equity_groups=(),
    )
    known = trial.evidence()
    rollout = trial.rollout(plan, known).model_copy(
        update={"design": drawn_by, "constrained_set": constrained_set}
    )
    rows = replace(made, allocation=allocation, basis=basis or {})
    return analyse(rows, rollout, plan, known, receipt=trial.ZERO, snapshot="snapshot")
