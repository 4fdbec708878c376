"""Trials of two factors made by hand; each assumption can be broken."""

from dataclasses import dataclass

import numpy as np

from rounds.datamart.rows import MeasureRows
from rounds.loop.change.rollouts import Sequences
from rounds.loop.evaluation import TrialRows, analyse
from rounds.nouns import Design, Factors
from rounds.practice.exposures import ExposureRows
from stories import trial

SECOND = trial.ref("knowledge-object/second")
FACTORS = Factors(first="the card", second="the letter", interaction_margin=0.2)


@dataclass(frozen=True)
class World:
    """How a made trial comes about; `broken` names the assumption that fails."""

    clinics: int = 40
    per_clinic: int = 40
    first: float = 0.06
    second: float = 0.04
    interaction: float = 0.0
    spread: float = 0.05
    broken: str = ""
    of: str = "first"
    """The factor whose assumption fails."""

    @property
    def at_margins(self):
        return self.first + self.interaction / 2, self.second + self.interaction / 2


def protocol(factors=FACTORS, **changes):
    given = {"factors": factors, "covariates": ("stratum",), "equity_groups": ()}
    return trial.protocol(**(given | changes))


def allocation_of(world, rng):
    n = world.clinics
    units = {f"clinic-{i:02d}": "small" if i < n // 2 else "large" for i in range(n)}
    found = Sequences(rng.bytes(32), Factors.CELLS).assign(units)
    return {unit: (one.arm, one.stratum) for unit, one in found.items()}


def made(world, seed):
    """Give the TrialRows of one made trial."""
    rng = np.random.default_rng(seed)
    allocation = allocation_of(world, rng)
    cells = np.array([allocation[c][0] for c in sorted(allocation)])
    arms = {
        name: np.array([FACTORS.arm(cell, name) == "active" for cell in cells])
        for name in ("first", "second")
    }
    sizes = rng.poisson(world.per_clinic, world.clinics)
    if world.broken == "sample ratio":
        sizes[cells == "both"] = 0
    if world.broken == "enrolment":
        sizes = np.where(arms[world.of], 3 * sizes, sizes)
    clinic = np.repeat(np.arange(world.clinics), sizes)
    n = len(clinic)
    first, second = arms["first"][clinic], arms["second"][clinic]
    level = np.where(clinic < world.clinics // 2, 0.2, 0.26)
    level = level + world.spread * rng.normal(size=world.clinics)[clinic]
    level = np.clip(level, 0.02, 0.9) + world.first * first + world.second * second
    done = rng.random(n) < level + world.interaction * (first & second)
    observed = np.ones(n, bool)
    if world.broken == "missing outcomes":
        observed = rng.random(n) > np.where(arms[world.of][clinic], 0.25, 0.02)
    day = np.datetime64(trial.GO_LIVE) + rng.integers(0, 150, n)
    calls = {}
    for name, active in (("first", first), ("second", second)):
        shown, called = active.copy(), np.ones(n, bool)
        if name == world.of and world.broken == "contamination":
            shown |= (clinic % 4 == 0) & (rng.random(n) < 0.5)
        if name == world.of and world.broken == "deliveries":
            called = clinic % 5 != 0
        calls[name] = _calls(clinic, day, active, shown & called, called)
    return _rows(rng, allocation, (clinic, day, done, observed), calls)


def _calls(clinic, day, active, shown, called):
    return ExposureRows(
        person_source_value=_people(len(clinic))[called],
        unit=_sites(clinic)[called],
        arm=np.where(active, "active", "silent")[called],
        due=np.ones(called.sum(), bool),
        shown=shown[called],
        occurred=day[called].astype("datetime64[s]") + np.timedelta64(9, "h"),
        feedback=np.where(shown[called], "overridden", ""),
        override_reason=np.where(shown[called], "recheck", ""),
        version=np.full(called.sum(), "1@1"),
        clinic=_sites(clinic)[called],
    )


def _people(n):
    return np.array([f"patient-{i:05d}" for i in range(n)])


def _sites(clinic):
    return np.array([f"clinic-{c:02d}" for c in clinic])


def _rows(rng, allocation, found, calls):
    clinic, day, done, observed = found
    n = len(clinic)
    age, sex = rng.integers(18, 86, n).astype("int16"), rng.choice(["F", "M"], n)

    def rows(value, seen, places=slice(None)):
        size = len(clinic[places])
        return MeasureRows(
            person_id=np.arange(size),
            person_source_value=_people(n)[places],
            care_site=_sites(clinic)[places],
            provider=np.full(size, "p"),
            index_date=day[places],
            age=age[places],
            sex=sex[places],
            svi_quartile=np.zeros(size, "int8"),
            denominator=np.ones(size, bool),
            numerator=np.nan_to_num(value).astype(bool)[places] & seen[places],
            observed=seen[places],
            excluded=np.zeros(size, bool),
            excepted=np.zeros(size, bool),
            value=np.where(seen, value, np.nan)[places],
        )

    every = np.ones(n, bool)
    # Before go-live every clinic had twenty: what came after is held against that.
    twenty = np.concatenate([np.flatnonzero(clinic == c)[:20] for c in set(clinic)])
    return TrialRows(
        endpoints={
            str(trial.PRIMARY): rows(done.astype(float), observed),
            str(trial.SECONDARY): rows(142 + 6 * rng.normal(size=n), every),
            str(trial.BALANCING): rows((rng.random(n) < 0.02).astype(float), every),
        },
        before=rows((rng.random(n) < 0.2).astype(float), every, twenty),
        calls=calls["first"],
        second_calls=calls["second"],
        allocation=allocation,
        units={str(trial.SECONDARY): "mm[Hg]"},
    )


def rollout(plan, known):
    given = {
        "design": Design(unit="clinic", factors=plan.factors),
        "second_knowledge_object": SECOND,
    }
    return trial.rollout(plan, known).model_copy(update=given)


def judged(world, seed, plan=None):
    """Give the Evaluation of one made trial."""
    plan, known = plan or protocol(), trial.evidence()
    return analyse(
        made(world, seed),
        rollout(plan, known),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )
