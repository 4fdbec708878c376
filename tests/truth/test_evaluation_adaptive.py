"""The loop's own estimate where chances followed outcomes, and its checks broken.

Sixty made trials in clinics; `make test-adaptive` makes 2,000.
"""

import os
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rounds.loop.evaluation.arms.adaptive import adaptive_result
from rounds.loop.evaluation.estimates.effects import effect, fit
from rounds.loop.evaluation.looks.clock import walk_of, with_spent
from rounds.loop.evaluation.looks.record import Reading
from rounds.loop.evaluation.looks.thresholds import boundaries
from rounds.methods.sequential import Path
from rounds.nouns import DiagnosticError, Period
from stories import adaptive_trial as story
from stories import trial

TRIALS = int(os.environ.get("ROUNDS_ADAPTIVE_LOOP", "60"))
MADE = story.Made()


@cache
def lived(effect=MADE.effect):
    """Give the made trials; every estimate is read from the same."""
    made = replace(MADE, effect=effect)
    return [story.lived(made, number) for number in range(TRIALS)]


def as_one(people):
    plan = story.protocol(allocation="permuted_blocks", adaptation=None, covariates=())
    return effect(people, plan, plan.primary).fit


def off(found):
    errors = np.array([one.estimate for one in found]) - MADE.effect
    missed = np.mean([not one.lower < MADE.effect < one.upper for one in found])
    return errors.mean(), errors.std() / np.sqrt(len(found)), missed


def test_under_drift_the_estimate_is_unbiased_and_the_unadjusted_one_is_not():
    """Beside each other, as the evaluation reports them."""
    ours, its_error, missed = off([one.looks[-1] for one in lived()])
    naive, naive_error, naive_missed = off([as_one(one.people) for one in lived()])
    alone = [as_one(one.people.where(one.even)) for one in lived()]
    even, even_error, _ = off(alone)
    print("by epochs", ours, its_error, missed, "as one", naive, naive_missed)
    assert abs(ours) < 4 * its_error
    assert missed <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / TRIALS)
    assert abs(even) < 4 * even_error
    assert naive > 4 * naive_error
    assert naive > 0.02
    assert naive_missed > missed


def shows(one):
    """Say whether a look, or the end, shows a benefit by the bounds of the loop."""
    before, plan = (), story.protocol()
    for seen_then, time in zip(one.looks, story.PLAN.fractions, strict=True):
        seen = one.people.where(one.upto <= time)
        now = Reading(
            "intensified",
            "primary",
            df=seen_then.df,
            fraction=(story.PLAN.planned_se / seen_then.se) ** 2,
            time=time,
            walk=walk_of(seen, plan),
        )
        spent = with_spent(before, now)
        bounds = boundaries(story.PLAN, spent, alpha=0.025, last=time == 1)
        before = (*before, now)
        path = Path(
            estimate=np.array([seen_then.estimate]),
            se=np.array([seen_then.se]),
            df=np.array([seen_then.df]),
        )
        if path.normal_statistic[0] >= bounds.upper[-1]:
            return True
    return False


def test_the_bounds_of_the_loop_keep_the_error_though_chances_follow_looks():
    """Under drift: what looks hang together by is the sizes of the arms."""
    misled = np.mean([shows(one) for one in lived(0.0)])
    found = np.mean([shows(one) for one in lived()])
    print("bounds of the loop misled", misled, "found", found, "of", TRIALS)
    assert misled <= 0.025 + 4 * np.sqrt(0.025 * 0.975 / TRIALS)
    assert found > 0.25


def test_the_estimate_is_the_average_of_the_epochs_by_their_patients():
    """Least squares with centred interactions gives just that, to rounding."""
    people = lived()[0].people
    parts = []
    for one in np.unique(people.stratum):
        in_it = people.stratum == one
        arms = [
            people.outcome[in_it & arm].mean()
            for arm in (people.active, ~people.active)
        ]
        parts.append((in_it.mean(), arms[0] - arms[1]))
    assert fit(people, story.protocol()).estimate == pytest.approx(
        sum(share * difference for share, difference in parts), abs=1e-12
    )


def test_an_epoch_without_one_arm_is_left_out_and_said():
    people = lived()[0].people
    last = people.stratum == "epoch-2"
    spoilt = replace(people, active=people.active | last)
    without = people.where(~last)
    plan = story.protocol()
    assert fit(spoilt, plan).estimate == fit(without, plan).estimate
    told = adaptive_result(spoilt, plan, story.epochs_of(story.CHANCES), {}, None)
    assert told.note.startswith("Epochs with too few")
    nobody = replace(people, active=np.ones(len(people), bool))
    with pytest.raises(ValueError, match="no epoch"):
        fit(nobody, plan)


WORLD = trial.World(
    clinics=12, per_clinic=40, unit="patient", allocate=story.allocate, effect=0.1
)


def check(evaluation, name):
    return next(d for d in evaluation.diagnostics if d.name == name)


def is_sealed(evaluation):
    try:
        evaluation.estimate.numbers  # noqa: B018 - reading it is what is asked
    except DiagnosticError:
        return True
    return False


def test_as_designed_every_check_passes_and_three_estimates_stand_together():
    found = story.judged(WORLD, 3)
    assert {d.verdict for d in found.diagnostics if d.required} == {"pass"}
    assert not is_sealed(found)
    told = found.adaptive
    assert told.chances == story.CHANCES
    assert "within epochs" in found.estimate.method
    for one in (told.unadjusted, told.even_share):
        assert one.lower < one.value < one.upper
        assert one.n is None
    wide, narrow = (e.upper - e.lower for e in (told.even_share, found.estimate))
    assert wide > narrow


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("sample ratio", "sample_ratio"),
        ("deliveries", "deliveries"),
        ("contamination", "contamination"),
        ("missing outcomes", "missing_outcomes"),
    ],
)
def test_a_broken_world_is_noticed_by_its_check_and_sealed(fault, name):
    found = story.judged(replace(WORLD, broken=fault), 11)
    assert name in {d.name for d in found.failed}
    assert is_sealed(found)
    assert found.adaptive.chances == ()
    assert found.adaptive.unadjusted is None


def rising(made):
    """Let the primary outcome come more often from day to day."""
    rng = np.random.default_rng(1)
    rows = made.endpoints[str(trial.PRIMARY)]
    day = (rows.index_date - rows.index_date.min()).astype(float)
    value = (rng.random(len(day)) < 0.1 + 0.5 * day / day.max()).astype(float)
    spoilt = replace(rows, value=value, numerator=value.astype(bool))
    return replace(made, endpoints={**made.endpoints, str(trial.PRIMARY): spoilt})


def test_drift_is_noticed_and_seals_where_it_is_required():
    assert check(story.judged(WORLD, 3), "drift").verdict == "pass"
    large = replace(WORLD, per_clinic=120)
    found = story.judged(large, 3, change=rising)
    assert check(found, "drift").verdict == "fail"
    assert is_sealed(found)
    plan = story.protocol(required_diagnostics=("sample_ratio",))
    assert not is_sealed(story.judged(large, 3, change=rising, plan=plan))


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"epochs": story.epochs_of((0.5, 0.4, 0.85))}, "chances in force"),
        ({"epochs": ()}, "not those that looks gave"),
        ({"basis": {}}, "chances in force"),
    ],
)
def test_a_record_that_is_not_of_the_chances_in_force_fails(spoilt, said):
    found = story.judged(WORLD, 3, **spoilt)
    assert check(found, "sample_ratio").verdict == "fail"
    assert said in check(found, "sample_ratio").detail
    assert is_sealed(found)


def test_coins_that_fell_by_another_chance_fail():
    """Told as 0.7 and 0.85, allocated 1:1 throughout: the arms are too even."""
    fair = (0.5, 0.5, 0.5)
    world = replace(WORLD, allocate=lambda w, rng: story.allocate(w, rng, chances=fair))
    meant = dict(enumerate(story.CHANCES))
    basis = story.basis_of(world, 3, chances=fair)
    told = {
        patient: one
        | {"chance": meant[_epoch(patient)] if one["share"] == "adaptive" else 0.5}
        for patient, one in basis.items()
    }
    found = story.judged(world, 3, basis=told)
    assert check(found, "sample_ratio").verdict == "fail"


def _epoch(patient):
    return story.epoch_of(WORLD, int(patient[-4:]))


def test_looks_come_before_the_end_and_are_bayesian():
    for changes in (
        {"looks": None},
        {"looks": story.PLAN.model_copy(update={"fractions": (1.0,)})},
        {"looks": story.PLAN.model_copy(update={"fractions": (0.6, 1.0)})},
        {"adaptation": None},
        {"allocation": "permuted_blocks"},
    ):
        with pytest.raises(ValueError, match=r"adaptation|chances"):
            story.protocol(**changes)
    assert story.protocol().enrolment == Period(
        start=trial.GO_LIVE, end=trial.protocol().enrolment.end
    )
