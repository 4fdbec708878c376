"""Trials made by hand in which each visit is randomised, with patients who come again.

A patient's visits are alike, a clinic's too, and clinics differ in what the card does.
What is carried over, taught or lost can be planted.
"""

from dataclasses import dataclass, replace

import numpy as np

from rounds.datamart.rows import MeasureRows
from rounds.loop.change.rollouts import PermutedBlocks
from rounds.loop.evaluation import TrialRows, analyse
from rounds.nouns import Design
from rounds.practice.exposures import ExposureRows
from stories import trial

DAYS = 182
GATE = ("sample_ratio", "deliveries", "contamination", "missing_outcomes")
CHECKS = (*GATE, "carry_over", "spill_over")


@dataclass(frozen=True)
class World:
    """How a made trial comes about; `broken` names the assumption that fails."""

    clinics: int = 16
    per_clinic: int = 40
    """Patients."""
    again: float = 1.5
    """Mean number of a patient's further visits."""
    effect: float = 0.06
    patients: float = 0.08
    """Standard deviation of patients' own rates within a clinic."""
    spread: float = 0.05
    varies: float = 0.02
    """Standard deviation of clinics' own effects."""
    carried: float = 0.0
    """What a card at the visit before adds to the outcome, whatever is shown now."""
    taught: float = 0.0
    """What it adds if all of a clinician's visits of late had the card, not none."""
    broken: str = ""


def protocol(**changes):
    given = {
        "unit_of_randomisation": "encounter",
        "covariates": ("stratum",),
        "equity_groups": (),
        "required_diagnostics": CHECKS,
    }
    return trial.protocol(**(given | changes))


def _came(world, rng):
    """Give clinic, patient and day of each visit, in the order of the days."""
    n = world.clinics * world.per_clinic
    visits = 1 + rng.poisson(world.again, n)
    patient = np.repeat(np.arange(n), visits)
    day = np.concatenate([rng.choice(DAYS, k, replace=False) for k in visits])
    order = np.lexsort((patient, day))
    patient = patient[order]
    return patient // world.per_clinic, patient, day[order]


def _drawn(clinic, rng):
    """Allocate the visits in permuted blocks within clinics, as they come."""
    blocks, arms, place = PermutedBlocks(rng.bytes(32), (2, 4)), [], {}
    for site in clinic:
        place[site] = place.get(site, -1) + 1
        arms.append(blocks.arm(f"clinic-{site:02d}", place[site]))
    return np.array(arms) == "active"


def made(world, seed):
    """Give the TrialRows of one made trial."""
    rng = np.random.default_rng(seed)
    clinic, patient, day = _came(world, rng)
    n = len(clinic)
    active = _drawn(clinic, rng)
    clinician = 2 * clinic + patient % 2
    shown = active.copy()
    if world.broken == "deliveries":
        shown &= rng.random(n) > 0.3
    if world.broken == "contamination":
        shown |= rng.random(n) < 0.15
    rates = 0.18 + world.spread * rng.normal(size=world.clinics)[clinic]
    rates += world.patients * rng.normal(size=patient.max() + 1)[patient]
    effect = world.effect + world.varies * rng.normal(size=world.clinics)[clinic]
    rates = np.clip(rates, 0.03, 0.8) + effect * shown
    rates += world.carried * _before(patient, shown)
    rates += world.taught * (_of_late(clinician, day, shown) - 0.5)
    done = rng.random(n) < np.clip(rates, 0, 1)
    observed = np.ones(n, bool)
    if world.broken == "missing outcomes":
        observed = rng.random(n) > np.where(active, 0.25, 0.02)
    kept = np.ones(n, bool)
    if world.broken == "sample ratio":
        kept = active | (rng.random(n) > 0.4)
    found = clinic, patient, clinician, day, active, shown, done, observed
    return _rows(rng, found, kept)


def _before(patient, shown):
    """Whether a patient's visit before had a card; 0 at the first."""
    last, found = {}, np.zeros(len(patient))
    for i, who in enumerate(patient.tolist()):
        found[i] = last.get(who, 0)
        last[who] = int(shown[i])
    return found


def _of_late(clinician, day, shown):
    """The share of cards among a clinician's visits of the 28 days before."""
    found = np.full(len(day), 0.5)
    for who in np.unique(clinician):
        own = np.flatnonzero(clinician == who)
        for i in own:
            late = own[(day[own] < day[i]) & (day[own] >= day[i] - 28)]
            if len(late):
                found[i] = shown[late].mean()
    return found


def _rows(rng, found, kept):
    clinic, patient, clinician, day, active, shown, done, observed = found
    n = len(clinic)
    sites = np.array([f"clinic-{c:02d}" for c in clinic])
    person = np.array([f"patient-{p:05d}" for p in patient])
    encounter = np.array([f"encounter-{i:05d}" for i in range(n)])
    index = np.datetime64(trial.GO_LIVE) + day
    sex = np.where(patient % 2 == 0, "F", "M")
    low = rng.random(n) < 0.02
    first = np.zeros(n, bool)
    first[np.unique(patient, return_index=True)[1]] = True

    def rows(value, seen, of):
        of = of & kept
        m = int(of.sum())
        return MeasureRows(
            person_id=patient[of],
            person_source_value=person[of],
            care_site=sites[of],
            provider=np.array([f"clinician-{c}" for c in clinician[of]]),
            index_date=index[of],
            age=np.full(m, 60, "int16"),
            sex=sex[of],
            svi_quartile=np.zeros(m, "int8"),
            denominator=np.ones(m, bool),
            numerator=np.nan_to_num(value[of]).astype(bool) & seen[of],
            observed=seen[of],
            excluded=np.zeros(m, bool),
            excepted=np.zeros(m, bool),
            value=np.where(seen, value, np.nan)[of],
        )

    every = np.ones(n, bool)
    pressure = 142 + 6 * rng.normal(size=n)
    return TrialRows(
        endpoints={
            str(trial.PRIMARY): rows(done.astype(float), observed, every),
            str(trial.SECONDARY): rows(pressure, every, first),
            str(trial.BALANCING): rows(low.astype(float), every, first),
        },
        before=None,
        calls=ExposureRows(
            person_source_value=person,
            unit=encounter,
            arm=np.where(active, "active", "silent"),
            due=every,
            shown=shown,
            occurred=index.astype("datetime64[s]") + np.timedelta64(9, "h"),
            feedback=np.where(shown, "overridden", ""),
            override_reason=np.where(shown, "recheck", ""),
            version=np.full(n, "1@1"),
            clinic=sites,
        ),
        allocation={
            str(e): ("active" if a else "silent", str(s))
            for e, a, s in zip(encounter, active, sites, strict=True)
        },
        units={str(trial.SECONDARY): "mm[Hg]"},
    )


def judged(world, seed, plan=None):
    """Give the Evaluation of one made trial."""
    return judged_rows(made(world, seed), {}, plan or protocol())


def judged_rows(rows, endpoints, plan):
    """Give the Evaluation of rows, some endpoints of them exchanged."""
    known = trial.evidence()
    rollout = trial.rollout(plan, known)
    design = Design(unit="encounter", strata=("clinic",))
    return analyse(
        replace(rows, endpoints=rows.endpoints | endpoints),
        rollout.model_copy(update={"design": design}),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )
