"""Always-valid monitors that are read every day: how many trials do they mislead?

Made trials without an effect in 24 clinics, randomised by clinic or by patient, each
looked at on all 182 days of its enrolment. Two dozen by default; `make test-daily-looks`
makes 10,000. Tolerance is Monte Carlo error: four standard errors.

What an always-valid look says rests on no look before it. So the fits of all days are
made at once, from sums that go on from day to day, and read by the same bound as the
step's. The step itself then looks at every trial that is misled, on the day on which it
is, and at the nearest day of the first others: it has to say the same.
"""

import datetime as dt
import os
from dataclasses import dataclass

import numpy as np
import pytest

from rounds.loop.evaluation.estimates.effects import covariate_columns
from rounds.methods.clusters.cluster_looks import cluster_ols_at_looks
from rounds.methods.sequential import Path, confidence_sequence
from stories import looks as story
from stories import trial

TRIALS = int(os.environ.get("ROUNDS_TRIALS", "24"))
BY_THE_STEP = 10
"""Trials that are not misled, and go through the step all the same."""
ERROR = 0.025
DAYS = 182
RATES = trial.endpoint("primary", trial.PRIMARY, "intensified", "higher")
MEANS = trial.endpoint(
    "primary", trial.SECONDARY, "systolic", "lower", summary="mean_difference"
)
HARM = trial.endpoint("balancing", trial.BALANCING, "low-pressure", "lower", margin=0.0)
PLANNED = {
    ("clinic", "rates"): 0.03,
    ("clinic", "means"): 0.75,
    ("patient", "rates"): 0.027,
    ("patient", "means"): 0.45,
}
RARE_SE = 0.011


def written(unit, kind):
    """Give a protocol whose primary endpoint is a rate or a mean."""
    plan = story.always(planned_se=PLANNED[unit, kind])
    return story.protocol(
        plan,
        unit_of_randomisation=unit,
        endpoints=(RATES if kind == "rates" else MEANS, HARM),
        guardrails=(story.guardrail(planned_se=RARE_SE, margin=0.0),),
    )


def world(unit):
    return trial.World(
        clinics=24,
        per_clinic=30,
        effect=0.0,
        pressure=0.0,
        spread=0.06,
        pressure_spread=1.5,
        unit=unit,
    )


def every_day(rows, plan, endpoints):
    """Give estimate, standard error and degrees of freedom of each endpoint and day.

    Nothing is known on a day that gives no number. Everybody's outcome is known, so
    that endpoints share their persons.
    """
    joined = [story.joined(rows, plan, endpoint) for endpoint in endpoints]
    people = joined[0]
    arm, one = people.active.astype(float), np.ones(len(people))
    columns = [arm, one, *covariate_columns(people, plan.covariates)]
    day = (people.index_date - np.datetime64(trial.GO_LIVE)).astype(int)
    assert all(other.observed.all() for other in joined)
    found = cluster_ols_at_looks(
        np.array([other.outcome for other in joined]),
        np.column_stack(columns),
        people.clinic,
        day,
        DAYS,
    )
    told = np.isfinite(found.se)
    estimate = np.where(told, found.estimate, 0.0)
    se, df = np.where(told, found.se, np.inf), np.where(told, found.df, 1.0)
    return list(zip(estimate, se, df, strict=True))


def limits(fits, *, alpha, tightest, sides):
    """Give each day's limit that holds with those of all others together."""
    estimate, se, df = fits
    found = [
        part[:, None]
        for part in (estimate, se, df)  # each day by itself, as the step reads it
    ]
    return confidence_sequence(
        *found[:2], alpha=alpha, tightest=tightest, sides=sides, df=found[2]
    ).lower[:, 0]


def would_peek(fits):
    estimate, se, df = fits
    told = np.isfinite(se)
    path = Path(estimate=estimate[told], se=se[told], df=df[told])
    return bool((path.normal_statistic >= 1.96).any())


def by_the_step(rows, plan, day):
    """Look through the step at all who were enrolled by the end of a day."""
    on = trial.GO_LIVE + dt.timedelta(days=int(day) + story.FOLLOW_UP)
    return story.look(rows, plan, (), on)


def agrees(rows, plan, reading_of, fits, limit):
    """See that the step reads a day as all days were read; give its verdict."""
    day = int(np.argmax(limit > 0)) if (limit > 0).any() else int(np.argmax(limit))
    seen = by_the_step(rows, plan, day)
    read = reading_of(seen)
    if not read.is_judged:
        return seen.verdict
    expected = (fits[0][day], fits[1][day], fits[2][day])
    ours = (read.estimate, read.se, read.df)
    assert ours == pytest.approx(expected, rel=1e-7, abs=1e-12)
    assert read.crossed == (limit[day] > 0)
    return seen.verdict


@dataclass
class Count:
    """How many trials a monitor misled, and other ways to look at them."""

    kind: str
    plan: object
    bound: dict
    endpoint: object
    sign: float
    misled: int = 0
    sealed: int = 0
    peeking: int = 0

    def read(self, rows, fits, *, check):
        """Look at one trial on all days, and through the step where it has to agree."""
        estimate, se, df = fits
        fits = (self.sign * estimate, se, df)
        limit = limits(fits, **self.bound)
        crossed = bool((limit > 0).any())
        self.misled += crossed
        self.peeking += would_peek(fits)
        if crossed or check:
            verdict = agrees(rows, self.plan, self.reading_of, fits, limit)
            self.sealed += crossed and verdict == "not_judged"

    def reading_of(self, seen):
        return seen.guardrails[0] if self.kind == "harm" else seen.primary


def counts_of(unit):
    """Give the three monitors of a unit: benefit of rates and means, and harm."""
    both = [
        Count(
            kind,
            plan := written(unit, kind),
            {"alpha": 2 * ERROR, "tightest": PLANNED[unit, kind], "sides": 2},
            plan.primary,
            1.0 if plan.primary.better == "higher" else -1.0,
        )
        for kind in ("rates", "means")
    ]
    bound = {"alpha": ERROR, "tightest": RARE_SE, "sides": 1}
    return [*both, Count("harm", both[0].plan, bound, HARM, 1.0)]


def look_at(counts, unit, seed):
    """Let each monitor look at one made trial on all days."""
    rows = trial.made(world(unit), seed)
    fits = every_day(rows, counts[0].plan, [one.endpoint for one in counts])
    for one, its in zip(counts, fits, strict=True):
        one.read(rows, its, check=seed < BY_THE_STEP)


def told(one, unit, n):
    """Say what a monitor did in n trials."""
    error = np.sqrt(ERROR * (1 - ERROR) / n)
    return (
        f"daily looks: {one.kind} by {unit}: {one.misled / n:.2%} misled (a check "
        f"sealed {one.sealed} of them), {one.peeking / n:.1%} by 1.96 each day; "
        f"{n:,} trials of {DAYS} days, ± {error:.2%} at 2.5%"
    )


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["clinic", "patient"])
def test_looks_on_every_day_mislead_no_more_often_than_is_promised(unit):
    """Benefit of rates and means where there is none, and harm; 182 looks at each."""
    counts = counts_of(unit)
    for seed in range(TRIALS):
        look_at(counts, unit, seed)
    for one in counts:
        print(told(one, unit, TRIALS), flush=True)
        error = np.sqrt(ERROR * (1 - ERROR) / TRIALS)
        assert one.misled / TRIALS <= ERROR + 4 * error
        if TRIALS >= 1_000:
            assert one.peeking / TRIALS > 2 * ERROR
