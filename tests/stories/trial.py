"""Trials made by hand: the truth is known, and each assumption can be broken."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from rounds.datamart.rows import MeasureRows
from rounds.loop.evaluation import TrialRows, analyse
from rounds.nouns import (
    PICO,
    Certainty,
    DecisionRule,
    Design,
    Determination,
    Endpoint,
    Estimand,
    Evidence,
    NotEstimable,
    Period,
    Prior,
    PriorComponent,
    Protocol,
    Ref,
    Rollout,
)
from rounds.practice.exposures import ExposureRows

GO_LIVE = dt.date(2025, 1, 6)
ZERO = "0" * 64


def ref(name):
    return Ref(name=name, version="1", hash=ZERO)


PRIMARY, BALANCING, SECONDARY = (
    ref("measure/intensified"),
    ref("measure/low-pressure"),
    ref("measure/systolic"),
)


def endpoint(role, measure, name, better, *, summary="risk_difference", margin=None):
    return Endpoint(
        role=role,
        measure=measure,
        better=better,
        margin=margin,
        estimand=Estimand(
            name=name,
            population="hypertensive patients with an uncontrolled visit",
            treatment="a reminder",
            comparator="no reminder",
            variable=name,
            measure=measure,
            summary_measure=summary,
        ),
    )


def protocol(**changes):
    given = {
        "name": "reminder",
        "title": "A reminder to intensify",
        "problem": ref("problem/hypertension"),
        "unit_of_randomisation": "clinic",
        "go_live": GO_LIVE,
        "enrolment": Period(start=GO_LIVE, end=dt.date(2025, 7, 6)),
        "baseline": Period(start=dt.date(2024, 1, 8), end=dt.date(2025, 1, 5)),
        "follow_up_days": 90,
        "endpoints": (
            endpoint("primary", PRIMARY, "intensified", "higher"),
            endpoint(
                "secondary", SECONDARY, "systolic", "lower", summary="mean_difference"
            ),
            endpoint("balancing", BALANCING, "low-pressure", "lower", margin=0.02),
        ),
        "covariates": ("stratum", "baseline_rate"),
        "analysis": "linear probability model",
        "required_diagnostics": (
            "sample_ratio",
            "deliveries",
            "contamination",
            "missing_outcomes",
        ),
        "equity_groups": ("sex", "age", "svi_quartile"),
        "decision_rule": DecisionRule(least_worthwhile=0.02),
    }
    return Protocol(**(given | changes))


def evidence(prior=None):
    return Evidence(
        name="reminders",
        title="Reminders",
        problem=ref("problem/hypertension"),
        question=PICO(population="p", intervention="i", comparator="c", outcome="o"),
        sources=(),
        meta_analysis=NotEstimable(reason="one source"),
        certainty=Certainty(rating="not yet rated", domains=()),
        prior=prior
        or Prior(
            scale="risk_difference",
            components=(
                PriorComponent(weight=0.8, mean=0.058, sd=0.02, role="informative"),
                PriorComponent(weight=0.2, mean=0.0, sd=0.3, role="vague"),
            ),
        ),
    )


def rollout(plan, known):
    return Rollout(
        name="reminder",
        title="A reminder to intensify",
        evidence=known.ref(),
        knowledge_object=ref("knowledge-object/reminder"),
        protocol=plan.ref(),
        design=Design(unit=plan.unit_of_randomisation),
        determination=Determination(
            outcome="improvement", decided_by="board", on=GO_LIVE, reason="usual care"
        ),
        notification="opt_out",
        responsible="Dr Responsible",
        starts=GO_LIVE,
        seed_commitment=ZERO,
    )


@dataclass(frozen=True)
class World:
    """How a made trial comes about; `broken` names the assumption that fails."""

    clinics: int = 40
    per_clinic: int = 60
    effect: float = 0.06
    harm: float = 0.0
    spread: float = 0.05
    """Standard deviation of clinics' true rates: about 0.02 of intracluster
    correlation at a rate of 0.15."""
    pressure: float = 1.0
    """By how much the card lowers the pressure, in mm Hg."""
    pressure_spread: float = 0.0
    """Standard deviation of clinics' mean pressures."""
    unit: str = "clinic"
    svi: bool = True
    broken: str = ""
    allocate: object = None
    """World and generator → unit → (arm, stratum); blocks of two if not given."""


def arms_of(world, rng):
    """Permuted blocks of two within two strata, by clinic or by patient."""
    n = world.clinics
    strata = np.where(np.arange(n) < n // 2, "small", "large")
    if world.unit == "clinic":
        blocks = [rng.permutation(["active", "silent"]) for _ in range(n // 2)]
        arms = np.concatenate(blocks)
        return {f"clinic-{i:02d}": (str(arms[i]), str(strata[i])) for i in range(n)}
    allocation = {}
    for i in range(n):
        for pair in range(world.per_clinic):
            block = rng.permutation(["active", "silent"])
            for side in (0, 1):
                person = f"patient-{i:02d}-{2 * pair + side:04d}"
                allocation[person] = (str(block[side]), str(strata[i]))
    return allocation


def made(world, seed):
    """Give the TrialRows of one made trial."""
    rng = np.random.default_rng(seed)
    allocation = (world.allocate or arms_of)(world, rng)
    sizes = np.maximum(rng.poisson(world.per_clinic, world.clinics), 5)
    sizes = np.minimum(sizes, 2 * world.per_clinic)
    clinic = np.repeat(np.arange(world.clinics), sizes)
    place = np.concatenate([np.arange(size) for size in sizes])
    if world.broken == "sample ratio" and world.unit == "clinic":
        # Most clinics of the silent arm never reach the datamart.
        silent = [u for u, (arm, _) in allocation.items() if arm == "silent"]
        gone = set(silent[: int(0.7 * len(silent))])
        keep = np.array([f"clinic-{i:02d}" not in gone for i in clinic])
        clinic, place = clinic[keep], place[keep]
    person = np.array(
        [f"patient-{c:02d}-{p:04d}" for c, p in zip(clinic, place, strict=True)]
    )
    sites = np.array([f"clinic-{c:02d}" for c in clinic])
    unit = sites if world.unit == "clinic" else person
    active = np.array([allocation[u][0] == "active" for u in unit])
    if world.broken == "sample ratio" and world.unit == "patient":
        keep = active | (rng.random(len(active)) > 0.3)
        clinic, person, sites = clinic[keep], person[keep], sites[keep]
        unit, active = unit[keep], active[keep]
    found = (clinic, person, sites, unit, active)
    return _outcomes(world, rng, allocation, found)


def _outcomes(world, rng, allocation, found):
    clinic, person, sites, unit, active = found
    n = len(person)
    rates = np.clip(0.15 + world.spread * rng.normal(size=world.clinics), 0.02, 0.6)
    shown_to = active.copy()
    if world.broken == "contamination":
        leaky = clinic < world.clinics // 4
        shown_to |= leaky & (rng.random(n) < 0.5)
    calls = np.ones(n, bool)
    if world.broken == "deliveries":
        calls = ~np.isin(clinic, np.arange(0, world.clinics, 5))
        shown_to &= calls
    treated = shown_to & calls
    done = rng.random(n) < rates[clinic] + world.effect * treated
    low = rng.random(n) < 0.02 + world.harm * treated
    pressure = 142 + 6 * rng.normal(size=n) - world.pressure * treated
    if world.pressure_spread:
        pressure += world.pressure_spread * rng.normal(size=world.clinics)[clinic]
    observed = np.ones(n, bool)
    if world.broken == "missing outcomes":
        observed = rng.random(n) > np.where(active, 0.02, 0.15)
    index = np.datetime64(GO_LIVE) + rng.integers(0, 182, n)
    age = rng.integers(18, 86, n)
    sex = rng.choice(["F", "M"], n)
    svi = rng.integers(1, 5, n) if world.svi else np.zeros(n, int)

    def rows(value, seen):
        return MeasureRows(
            person_id=np.arange(n),
            person_source_value=person,
            care_site=sites,
            provider=np.full(n, "p"),
            index_date=index,
            age=age.astype("int16"),
            sex=sex,
            svi_quartile=svi.astype("int8"),
            denominator=np.ones(n, bool),
            numerator=np.nan_to_num(value).astype(bool) & seen,
            observed=seen,
            excluded=np.zeros(n, bool),
            excepted=np.zeros(n, bool),
            value=np.where(seen, value, np.nan),
        )

    before_clinic = np.repeat(np.arange(world.clinics), world.per_clinic)
    m = len(before_clinic)
    before = (rng.random(m) < rates[before_clinic]).astype(float)
    before_rows = MeasureRows(
        person_id=np.arange(m),
        person_source_value=np.array([f"before-{i}" for i in range(m)]),
        care_site=np.array([f"clinic-{c:02d}" for c in before_clinic]),
        provider=np.full(m, "p"),
        index_date=np.full(m, np.datetime64("2024-06-03")),
        age=np.full(m, 60, "int16"),
        sex=np.full(m, "F"),
        svi_quartile=np.zeros(m, "int8"),
        denominator=np.ones(m, bool),
        numerator=before.astype(bool),
        observed=np.ones(m, bool),
        excluded=np.zeros(m, bool),
        excepted=np.zeros(m, bool),
        value=before,
    )
    shown = treated[calls]
    accepted = rng.random(calls.sum()) < 0.2
    exposures = ExposureRows(
        person_source_value=person[calls],
        unit=unit[calls],
        arm=np.where(active[calls], "active", "silent"),
        due=np.ones(calls.sum(), bool),
        shown=shown,
        occurred=index[calls].astype("datetime64[s]") + np.timedelta64(9, "h"),
        feedback=np.where(shown, np.where(accepted, "accepted", "overridden"), ""),
        override_reason=np.where(shown & ~accepted, "recheck", ""),
        version=np.full(calls.sum(), "1@1"),
        clinic=sites[calls],
    )
    return TrialRows(
        endpoints={
            str(PRIMARY): rows(done.astype(float), observed),
            str(SECONDARY): rows(pressure, np.ones(n, bool)),
            str(BALANCING): rows(low.astype(float), np.ones(n, bool)),
        },
        before=before_rows,
        calls=exposures,
        allocation=allocation,
        units={str(SECONDARY): "mm[Hg]"},
    )


def judged(world, seed, plan=None, known=None):
    """Give the Evaluation of one made trial, and the protocol it was judged by."""
    plan = plan or protocol(unit_of_randomisation=world.unit)
    known = known or evidence()
    trial = made(world, seed)
    return (
        analyse(
            trial,
            rollout(plan, known),
            plan,
            known,
            receipt=ZERO,
            snapshot="snapshot",
        ),
        plan,
    )
