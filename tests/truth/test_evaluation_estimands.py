"""Each summary measure that a protocol may ask for is right, as often as it says.

At full size: `make test-estimands`.
"""

import os

import numpy as np
import pytest

from rounds.loop.decision import recommend
from rounds.loop.evaluation import analyse
from rounds.methods.estimands.scales import additive
from stories import estimands, trial
from stories.estimands import LAST, Made

N = int(os.environ.get("ROUNDS_TRIALS", "50"))
TWENTY = trial.World(clinics=20, per_clinic=30)
EIGHT = trial.World(clinics=8, per_clinic=60)
PATIENTS = trial.World(clinics=10, per_clinic=24, unit="patient")


def rmst(log_hazard_ratio):
    """Area under an exponential survival curve up to the end of follow-up, in days."""
    hazard = 0.008 * np.exp(log_hazard_ratio)
    return (1 - np.exp(-hazard * LAST)) / hazard


RISKS = (0.36, 0.30)
"""Of the two arms, without clipping: 0.3 and what is planted."""

CASES = {
    "risk_ratio": (Made(0.06, 0.05), "shares", np.log(RISKS[0] / RISKS[1])),
    "odds_ratio": (
        Made(0.06, 0.05),
        "shares",
        np.log(0.36 / 0.64) - np.log(0.30 / 0.70),
    ),
    "rate_ratio": (Made(0.3, 0.3), "rates", 0.3),
    "hazard_ratio": (Made(0.3, 0.2), "times", 0.3),
    "rmst_difference": (Made(0.3, 0.2), "times", rmst(0.3) - rmst(0.0)),
}


def errors(summary, world, made, kind, truth, *, n=N, **asking):
    plan = estimands.asked(summary, unit=world.unit, **asking)
    found = [
        estimands.estimated(made, world, seed, kind, plan).fit for seed in range(n)
    ]
    error = np.array([one.estimate for one in found]) - truth
    covered = np.mean([one.lower < truth < one.upper for one in found])
    noise = error.std(ddof=1) / np.sqrt(n), np.sqrt(covered * (1 - covered) / n)
    weighting = asking.get("weighting", "")
    print(
        f"estimands: {summary} {weighting}, {world.clinics} clinics, by {world.unit}, "
        f"truth {truth:.3f}: bias {error.mean():+.4f} ± {noise[0]:.4f}, covered "
        f"{covered:.1%} ± {noise[1]:.1%}; {n:,} trials"
    )
    return error, covered


def right(error, covered, n=N):
    assert abs(error.mean()) < 4 * error.std(ddof=1) / np.sqrt(n)
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n)


@pytest.mark.parametrize("summary", CASES)
def test_with_clinics_randomised_it_is_unbiased_and_its_interval_covers(summary):
    """Twenty clinics, adjusted for stratum and the rate before go-live (times: not)."""
    right(*errors(summary, TWENTY, *CASES[summary]))


@pytest.mark.parametrize("summary", ["odds_ratio", "hazard_ratio"])
def test_with_patients_randomised_it_is_too(summary):
    """Patients of ten clinics, in both arms at each."""
    right(*errors(summary, PATIENTS, *CASES[summary]))


@pytest.mark.parametrize("summary", CASES)
def test_with_eight_clinics_no_effect_is_rarely_taken_for_one(summary):
    """Type I error stays at 6% with eight clinics, but for the Monte Carlo error."""
    made, kind, _ = CASES[summary]
    none = Made(0.0, made.spread)
    _, covered = errors(summary, EIGHT, none, kind, 0.0)
    assert 1 - covered <= 0.06 + 4 * np.sqrt(0.06 * 0.94 / N)


INFORMATIVE = Made(0.05, 0.03, informative=True)
"""Ten points more in small clinics, nothing in large ones, four times their size."""
AVERAGES = {
    ("risk_difference", "clusters"): 0.05,
    ("risk_difference", "participants"): 0.02,
    ("risk_ratio", "clusters"): np.log(0.35 / 0.30),
    ("risk_ratio", "participants"): np.log(0.32 / 0.30),
}


@pytest.mark.parametrize(("summary", "weighting"), AVERAGES)
def test_where_clinics_size_goes_with_the_effect_each_average_is_its_own(
    summary, weighting
):
    """Both averages are recovered, and either lies outside the other's error."""
    world = trial.World(clinics=40, per_clinic=80)
    truth = AVERAGES[summary, weighting]
    asking = {"weighting": weighting}
    error, covered = errors(
        summary, world, INFORMATIVE, "shares", truth, n=max(N // 2, 20), **asking
    )
    # Sizes of a Poisson draw are not quite 4 to 1: a hundredth of the other average.
    assert abs(error.mean()) < 4 * error.std(ddof=1) / np.sqrt(len(error)) + 0.002
    assert covered > 0.95 - 4 * np.sqrt(0.95 * 0.05 / len(error))


def test_worse_by_the_margin_is_rarely_called_not_inferior():
    """At the margin, one side errs at 2.5%; without a difference it is mostly shown."""
    plan = estimands.asked(
        "risk_ratio", margin=0.8, hypothesis="non-inferiority", least=1.05
    )
    world = trial.World(clinics=30, per_clinic=60)

    def shown(effect):
        lows = [
            estimands.estimated(Made(effect, 0.02), world, seed, "shares", plan)
            for seed in range(N)
        ]
        return np.mean([one.estimate.lower > 0.8 for one in lows])

    at_margin = 0.3 * 0.8 - 0.3
    assert shown(at_margin) <= 0.025 + 4 * np.sqrt(0.025 * 0.975 / N)
    assert shown(0.0) > 0.6


@pytest.mark.parametrize("summary", CASES)
def test_a_whole_evaluation_answers_on_the_scale_that_was_asked(summary):
    """Estimate, rule, posterior and arms agree on it; nothing is told as points."""
    made, kind, _ = CASES[summary]
    better = "higher" if summary != "rmst_difference" else "lower"
    plan = estimands.asked(summary, better=better)
    plan = plan.model_copy(update={"equity_groups": ("sex",)})
    rows = estimands.rows_of(Made(3 * made.effect, made.spread), TWENTY, 2, kind)
    known = trial.evidence()
    judged = analyse(
        rows,
        trial.rollout(plan, known),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )
    assert judged.estimate.scale == summary
    value, lower, _ = judged.estimate.numbers
    if summary.endswith("ratio"):
        assert lower > 1
    assert judged.equity[0].estimate.scale == judged.equity[0].shrunken.scale == summary
    between = sorted(one.estimate.numbers[0] for one in judged.equity)
    assert between[0] <= judged.equity[0].shrunken.numbers[0] <= between[1]
    said = " ".join(recommend(judged, plan).reasons)
    assert f"{value:.2f}" in said
    assert "points" not in said.partition("is shown")[2].partition(".")[0]
    if kind != "shares":
        active = judged.flow.arms[0]
        assert active.value == pytest.approx(active.numerator / active.time_at_risk)
        assert judged.icc is None
    assert np.isfinite(additive(summary, value))
