"""Trials made by hand whose arms change over time, with a secular trend on purpose."""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from rounds.datamart.rows import MeasureRows
from rounds.loop.change.rollouts import Sequences
from rounds.loop.evaluation import TrialRows, analyse
from rounds.loop.evaluation.arms.schedules import place
from rounds.nouns import Design, Period, Schedule
from rounds.practice.exposures import ExposureRows
from stories import trial

DAYS = 42
FOLLOW_UP = 14
GATE = ("sample_ratio", "deliveries", "contamination", "missing_outcomes")
CHECKS = (*GATE, "adherence", "periods", "switching")


@dataclass(frozen=True)
class World:
    """How a made trial comes about; `broken` names the assumption that fails."""

    kind: str = "stepped_wedge"
    clinics: int = 18
    n_periods: int = 4
    per_cell: int = 20
    effect: float = 0.06
    later: float = 0.0
    """What is added to the effect with each further period of exposure."""
    trend: float = 0.04
    """By which the rate rises from period to period, whatever is shown."""
    spread: float = 0.05
    wobble: float = 0.03
    """Standard deviation of a clinic's rate between periods."""
    not_enrolling: tuple[tuple[int, int], ...] = ()
    broken: str = ""

    @property
    def schedule(self):
        starts = tuple(
            trial.GO_LIVE + dt.timedelta(days=DAYS * t) for t in range(self.n_periods)
        )
        return Schedule(
            kind=self.kind,
            period_starts=starts,
            transition_days=FOLLOW_UP,
            not_enrolling=self.not_enrolling,
        )


def protocol(world, **changes):
    end = trial.GO_LIVE + dt.timedelta(days=DAYS * world.n_periods - 1)
    given = {
        "schedule": world.schedule,
        "enrolment": Period(start=trial.GO_LIVE, end=end),
        "follow_up_days": FOLLOW_UP,
        "equity_groups": (),
        "required_diagnostics": CHECKS,
    }
    return trial.protocol(**(given | changes))


def allocation_of(world, rng):
    n = world.clinics
    units = {f"clinic-{i:02d}": "small" if i < n // 2 else "large" for i in range(n)}
    found = Sequences(rng.bytes(32), world.schedule.names).assign(units)
    return {unit: (one.arm, one.stratum) for unit, one in found.items()}


def made(world, seed):
    """Give the TrialRows of one made trial."""
    rng = np.random.default_rng(seed)
    schedule, n_periods = world.schedule, world.n_periods
    allocation = allocation_of(world, rng)
    order = {name: i for i, name in enumerate(schedule.names)}
    own = np.array([order[allocation[c][0]] for c in sorted(allocation)])
    # Fewer and fewer, as where everybody is enrolled at the first visit.
    sizes = rng.poisson(
        world.per_cell * np.linspace(1.4, 0.6, n_periods), (world.clinics, n_periods)
    )
    sizes = np.maximum(sizes, 3)
    if world.broken in ("sample ratio", "one sequence and missing outcomes"):
        sizes[own == 0] = 0
    if world.broken == "nobody":
        sizes[:] = 0
    if world.broken == "switching":
        sizes[: world.clinics // 3, 1:] = 0
    if world.broken == "periods":
        sizes[own == 1, 2] = 0
    if world.broken == "drawn in":
        on = np.array([[c == "1" for c in row] for row in schedule.sequences])
        sizes = np.where(on[own], 3 * sizes, sizes)
    clinic = np.repeat(np.arange(world.clinics), sizes.sum(axis=1))
    when = np.concatenate([np.repeat(np.arange(n_periods), row) for row in sizes])
    day = np.datetime64(trial.GO_LIVE) + (
        DAYS * when + rng.integers(0, DAYS, len(when))
    )
    placed = place(schedule, own[clinic], day)
    active = placed.active
    shown = active.copy()
    if world.broken == "adherence":
        # A third of the clinics switch a period too late.
        late = (clinic % 3 == 0) & active
        first = np.array([row.index("1") for row in schedule.sequences])
        shown &= ~(late & (when == first[own[clinic]]))
    if world.broken == "contamination":
        shown |= (clinic % 4 == 0) & (rng.random(len(when)) < 0.5)
    called = np.ones(len(when), bool)
    if world.broken == "deliveries":
        called = clinic % 5 != 0
        shown &= called
    first = np.array([row.index("1") for row in schedule.sequences])
    exposed = np.where(shown, np.maximum(when - first[own[clinic]], 0), 0)
    rates = (
        0.2
        + world.spread * rng.normal(size=world.clinics)[clinic]
        + world.wobble * rng.normal(size=(world.clinics, n_periods))[clinic, when]
        + world.trend * when
    )
    rates = np.clip(rates, 0.01, 0.9) + (world.effect + world.later * exposed) * shown
    done = rng.random(len(when)) < rates
    observed = np.ones(len(when), bool)
    if "missing outcomes" in world.broken:
        observed = rng.random(len(when)) > np.where(active, 0.25, 0.02)
    if world.broken == "late outcomes go missing":
        observed = rng.random(len(when)) > 0.12 * when
    return _rows(rng, allocation, (clinic, day, active, shown, called, done, observed))


def _rows(rng, allocation, found):
    clinic, day, active, shown, called, done, observed = found
    n = len(clinic)
    sites = np.array([f"clinic-{c:02d}" for c in clinic])
    person = np.array([f"patient-{i:05d}" for i in range(n)])
    age, sex = rng.integers(18, 86, n).astype("int16"), rng.choice(["F", "M"], n)
    low = rng.random(n) < 0.02

    def rows(value, seen):
        return MeasureRows(
            person_id=np.arange(n),
            person_source_value=person,
            care_site=sites,
            provider=np.full(n, "p"),
            index_date=day,
            age=age,
            sex=sex,
            svi_quartile=np.zeros(n, "int8"),
            denominator=np.ones(n, bool),
            numerator=np.nan_to_num(value).astype(bool) & seen,
            observed=seen,
            excluded=np.zeros(n, bool),
            excepted=np.zeros(n, bool),
            value=np.where(seen, value, np.nan),
        )

    every = np.ones(n, bool)
    return TrialRows(
        endpoints={
            str(trial.PRIMARY): rows(done.astype(float), observed),
            str(trial.SECONDARY): rows(142 + 6 * rng.normal(size=n), every),
            str(trial.BALANCING): rows(low.astype(float), every),
        },
        before=None,
        calls=ExposureRows(
            person_source_value=person[called],
            unit=sites[called],
            arm=np.where(active, "active", "silent")[called],
            due=np.ones(called.sum(), bool),
            shown=shown[called],
            occurred=day[called].astype("datetime64[s]") + np.timedelta64(9, "h"),
            feedback=np.where(shown[called], "overridden", ""),
            override_reason=np.where(shown[called], "recheck", ""),
            version=np.full(called.sum(), "1@1"),
            clinic=sites[called],
        ),
        allocation=allocation,
        units={str(trial.SECONDARY): "mm[Hg]"},
    )


def judged(world, seed, plan=None):
    """Give the Evaluation of one made trial."""
    plan, known = plan or protocol(world), trial.evidence()
    rollout = trial.rollout(plan, known)
    design = Design(unit="clinic", schedule=world.schedule)
    return analyse(
        made(world, seed),
        rollout.model_copy(update={"design": design}),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )
