"""Made trials whose allocation follows outcomes, while outcomes drift on purpose."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from rounds.loop.change.rollouts import ResponseAdaptive
from rounds.loop.evaluation import analyse
from rounds.loop.evaluation.estimates.effects import fit
from rounds.loop.evaluation.participants import Participants
from rounds.methods.allocations.adaptive_allocation import allocation_probabilities
from rounds.nouns import Adaptation, Design, LookPlan
from rounds.practice.epochs import Epoch, stratum_of
from stories import trial

PLAN = LookPlan(looks="bayesian", planned_se=0.036, fractions=(0.4, 0.7, 1.0))
TURNS = (0.4, 0.7)
"""Shares of the patients after which the chances change."""
CHANCES = (0.5, 0.7, 0.85)
GATE = ("sample_ratio", "deliveries", "contamination", "missing_outcomes", "drift")


@dataclass(frozen=True)
class Made:
    """How a trial comes about."""

    patients: int = 600
    clinics: int = 8
    effect: float = 0.1
    drift: float = 0.4
    """By which the rate rises from the first patient to the last, in both arms."""
    fixed_share: float = 0.2


def seed_of(number):
    return hashlib.sha256(f"adaptive {number}".encode()).digest()


def design(**changes):
    told = Adaptation(**changes)
    return Design(unit="patient", allocation="response_adaptive", adaptation=told)


def protocol(**changes):
    given = {
        "unit_of_randomisation": "patient",
        "allocation": "response_adaptive",
        "adaptation": Adaptation(),
        "looks": PLAN,
        "covariates": ("stratum",),
        "equity_groups": (),
        "required_diagnostics": GATE,
    }
    return trial.protocol(**(given | changes))


def epochs_of(chances):
    return tuple(
        Epoch(number, chance, look=number) for number, chance in enumerate(chances)
    )


@dataclass(frozen=True, repr=False)
class Lived:
    """What became of a made trial."""

    people: Participants
    even: np.ndarray
    """Who was as likely in either arm."""
    looks: tuple
    """The fit at each look before the end, then that of the end."""
    upto: np.ndarray
    """The share of the patients by which each had come, above 0 and below 1."""


def lived(made, number):
    """Live a trial from epoch to epoch."""
    rng = np.random.default_rng(number)
    rates = np.clip(0.25 + 0.05 * rng.normal(size=made.clinics), 0.05, 0.5)
    n = made.patients
    clinic = rng.integers(0, made.clinics, n)
    when = (np.arange(n) + 0.5) / n
    epoch = np.searchsorted(TURNS, when, side="right")
    drawn = ResponseAdaptive(seed_of(number), made.fixed_share)
    active, even = np.zeros(n, bool), np.zeros(n, bool)
    outcome = np.zeros(n)
    chance = 0.5
    people, seen = None, []
    for one in range(len(TURNS) + 1):
        if one:
            so_far = people.where(np.arange(n) < np.sum(epoch < one))
            seen.append(fit(so_far, protocol()))
            chance = _chance(seen[-1])
        for place, i in enumerate(np.flatnonzero(epoch == one)):
            told = drawn.draw(one, place, chance)
            active[i], even[i] = told.arm == "active", told.share == "even"
        rate = rates[clinic] + made.drift * when + made.effect * active
        now = epoch == one
        outcome[now] = rng.random(int(now.sum())) < rate[now]
        people = _people(clinic, active, epoch, when, outcome)
    looks = (*seen, fit(people, protocol()))
    return Lived(people=people, even=even | (epoch == 0), looks=looks, upto=when)


def _people(clinic, active, epoch, when, outcome):
    n = len(clinic)
    sites = np.array([f"clinic-{c:02d}" for c in clinic])
    return Participants(
        person=np.arange(n).astype(str),
        unit=np.arange(n).astype(str),
        clinic=sites,
        active=active.copy(),
        stratum=np.array([stratum_of(int(one)) for one in epoch]),
        index_date=np.datetime64(trial.GO_LIVE) + (180 * when).astype(int),
        age=np.full(n, 60.0),
        sex=np.full(n, "F"),
        svi_quartile=np.zeros(n, np.int8),
        baseline_rate=np.full(n, np.nan),
        clinic_size=np.full(n, np.nan),
        observed=np.ones(n, bool),
        outcome=outcome.copy(),
        assessed=n,
        excluded=(),
    )


def _chance(found):
    """Give the chance that a look with this fit sets."""
    better = float(ndtr(found.estimate / found.se))
    return round(float(allocation_probabilities([better, 1 - better], least=0.1)[0]), 3)


def allocate(world, rng, *, chances=CHANCES, fixed_share=0.2):
    """Allocate a made world's patients, a third to each epoch; for `trial.World`."""
    return {
        patient: (told.arm, stratum)
        for patient, (told, stratum) in drawn(
            world, rng.bytes(32), chances, fixed_share
        ).items()
    }


def drawn(world, seed, chances=CHANCES, fixed_share=0.2):
    """Give patient → (how it was drawn, its stratum)."""
    design_, found = ResponseAdaptive(seed, fixed_share), {}
    places = [0] * len(chances)
    for place in range(2 * world.per_clinic):
        for i in range(world.clinics):
            epoch = epoch_of(world, place, len(chances))
            told = design_.draw(epoch, places[epoch], chances[epoch])
            places[epoch] += 1
            patient = f"patient-{i:02d}-{place:04d}"
            found[patient] = (told, stratum_of(epoch))
    return found


def epoch_of(world, place, n=3):
    """Give the epoch of a place at its clinic; who comes late is in the last."""
    return min(place * n // world.per_clinic, n - 1)


def basis_of(world, number, chances=CHANCES):
    """Give the record beside `allocate` of the same world and number."""
    seed = np.random.default_rng(number).bytes(32)
    return {
        patient: {"share": told.share, "chance": told.chance}
        for patient, (told, _) in drawn(world, seed, chances).items()
    }


def judged(world, number, *, change=None, epochs=None, basis=None, plan=None):
    """Give the Evaluation of a made trial; `change` may spoil its rows first."""
    plan = plan or protocol()
    made = trial.made(world, number)
    made = replace(
        made,
        basis=basis_of(world, number) if basis is None else basis,
        epochs=epochs_of(CHANCES) if epochs is None else epochs,
    )
    if change:
        made = change(made)
    known = trial.evidence()
    rollout = trial.rollout(plan, known).model_copy(update={"design": design()})
    return analyse(made, rollout, plan, known, receipt=trial.ZERO, snapshot="snapshot")
