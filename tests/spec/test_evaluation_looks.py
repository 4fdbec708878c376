"""What a protocol lets a running trial be looked at for, and what a look says."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.looks import LookRecord, after_looks, look_dates
from rounds.loop.evaluation.looks.clock import Spent
from rounds.loop.evaluation.looks.schedule import check_due
from rounds.loop.evaluation.looks.thresholds import boundaries, futile_below
from rounds.nouns import AccessError, Guardrail, LookPlan, Protocol
from stories import looks as story
from stories import trial

DATES = (dt.date(2025, 6, 2), dt.date(2025, 8, 1))
WORLD = trial.World(clinics=20, per_clinic=30)
LARGE = trial.World(clinics=40, per_clinic=60)


def planned(**changes):
    return story.protocol(story.plan(dates=DATES), **changes)


def refused(written, made, day):
    with pytest.raises(AccessError) as caught:
        check_due(written, made, day)
    assert caught.value.code == "look-not-planned"
    assert caught.value.remedies
    return str(caught.value)


def test_without_looks_a_protocol_is_what_it_was():
    """Neither field is in its JSON, so that the hash of older protocols stands."""
    plain = trial.protocol()
    assert not {"looks", "guardrails"} & set(plain.model_dump(mode="json"))
    assert Protocol.from_json(plain.to_json()).ref() == plain.ref()
    refused(plain, [], dt.date(2025, 6, 1))


def test_a_planned_look_may_be_late_but_not_early_nor_made_twice():
    written = planned()
    day = dt.timedelta(days=1)
    assert "2025-06-02" in refused(written, [], DATES[0] - day)
    check_due(written, [], DATES[0])
    check_due(written, [], DATES[1] - day)
    assert "2025-08-01" in refused(written, [DATES[0]], DATES[1] - day)
    check_due(written, [DATES[0]], DATES[1])
    refused(written, [DATES[1]], DATES[1] + day)


def test_a_look_that_was_missed_is_not_made_up_for():
    """Two were due and none was made: one look, and no second one the day after."""
    written = planned()
    check_due(written, [], DATES[1])
    refused(written, [DATES[1]], DATES[1] + dt.timedelta(days=1))


def test_without_dates_looks_are_due_when_as_many_are_followed_up():
    """Half of 182 days of enrolment, and 90 of follow-up."""
    first, second = look_dates(story.protocol())
    assert first == trial.GO_LIVE + dt.timedelta(days=91 + 90)
    assert second == trial.GO_LIVE + dt.timedelta(days=137 + 90)


def test_always_valid_looks_may_be_made_any_day_until_the_end():
    written = story.protocol(story.always())
    assert look_dates(written) == ()
    made = [trial.GO_LIVE + dt.timedelta(days=100)]
    check_due(written, made, made[0])
    check_due(written, made, written.ends)
    refused(written, made, written.ends + dt.timedelta(days=1))


WRONG = {
    "fractions that do not end at 1": {"fractions": (0.5, 0.9)},
    "fractions that fall": {"fractions": (0.7, 0.5, 1.0)},
    "no fractions": {"fractions": ()},
    "a date too few": {"dates": (DATES[0],)},
    "dates that fall": {"dates": DATES[::-1]},
    "a gamma too many": {"gamma": -4.0},
    "a gamma too few": {"spending": "hsd"},
    "a gamma out of range": {"spending": "kim-demets", "gamma": -1.0},
    "futility without its gamma": {"futility": "hsd"},
    "always valid, with fractions": {"looks": "always_valid"},
    "no standard error": {"planned_se": 0.0},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_plan_that_does_not_fit_together_does_not_exist(name):
    with pytest.raises(ValidationError):
        story.plan(**WRONG[name])


def test_guardrails_are_of_endpoints_and_read_at_looks():
    for wrong in (
        {"looks": None},
        {"guardrails": (story.guardrail(endpoint="nothing"),)},
        {"guardrails": (story.guardrail(endpoint="systolic"),)},
        {"guardrails": (story.guardrail(), story.guardrail())},
        {"looks": story.plan(dates=(trial.GO_LIVE, DATES[1]))},
        {"looks": story.plan(dates=(DATES[0], dt.date(2026, 1, 1)))},
    ):
        given = {"looks": story.plan(), "guardrails": (story.guardrail(),)} | wrong
        with pytest.raises(ValidationError):
            trial.protocol(**given)
    with pytest.raises(ValidationError):
        Guardrail(endpoint="x", margin=-0.01, planned_se=0.1)


def as_informed(*fractions):
    """Looks whose information came as the calendar has it."""
    return Spent(fractions, fractions)


def looks_of(written, world=WORLD, shares=(0.5, 0.75), seed=1):
    rows = trial.made(world, seed)
    return rows, story.looked_at(rows, written, story.days(shares), ends=())


def test_a_look_reads_those_who_are_followed_up_with_the_final_estimator():
    written = story.protocol(guardrails=(story.guardrail(),))
    rows, (first, _) = looks_of(written)
    seen = story.up_to(rows, dt.date.fromisoformat(first.enrolled_until))
    fit = effect(
        story.joined(seen, written, written.primary), written, written.primary
    ).fit
    assert (first.primary.estimate, first.primary.se) == (fit.estimate, fit.se)
    assert first.primary.fraction == pytest.approx((0.018 / fit.se) ** 2)
    assert sum(n for _, n in first.accrual) == fit.n


def test_harm_is_read_in_the_worse_direction_and_beyond_its_margin():
    written = story.protocol(guardrails=(story.guardrail(margin=0.03),))
    _, (first, _) = looks_of(written, replace(LARGE, harm=0.25))
    (guarded,) = first.guardrails
    assert first.verdict == "pause_harm"
    assert first.crossed == ("low-pressure",)
    assert guarded.estimate > 0.1
    assert guarded.limit > 0.03
    _, (same, _) = looks_of(
        story.protocol(guardrails=(story.guardrail(margin=0.4),)),
        replace(LARGE, harm=0.25),
    )
    assert same.verdict != "pause_harm"


def test_a_failed_check_leaves_nothing_to_judge_but_harm():
    """Most of the silent arm's clinics are gone: no number of benefit is kept."""
    broken = replace(LARGE, broken="sample ratio")
    written = story.protocol(guardrails=(story.guardrail(),))
    _, (first, _) = looks_of(written, broken)
    assert first.verdict in {"not_judged", "pause_harm"}
    assert "sample_ratio failed" in first.reason
    assert first.primary.estimate is None
    assert first.guardrails[0].estimate is not None


def test_information_that_has_not_grown_is_not_judged_and_spends_nothing():
    written = story.protocol()
    rows, (first, _) = looks_of(written)
    day = dt.date.fromisoformat(first.data_until)
    again = story.look(rows, written, (first,), day)
    assert again.verdict == "not_judged"
    assert "has not grown" in again.reason
    later = story.look(rows, written, (first, again), day + dt.timedelta(days=60))
    alone = story.look(rows, written, (first,), day + dt.timedelta(days=60))
    assert later.primary == alone.primary


def test_an_arm_without_outcomes_cannot_be_judged():
    rows = trial.made(WORLD, 1)
    nobody = story.look(rows, story.protocol(), (), trial.GO_LIVE + dt.timedelta(90))
    assert nobody.verdict == "not_judged"


def test_a_large_benefit_stops_and_none_is_futile():
    spent = {"spending": "lan-demets-pocock", "futility": "lan-demets-pocock"}
    written = story.protocol(story.plan(planned_se=0.015, **spent))
    for effect_made, verdict in ((0.4, "stop_benefit"), (-0.1, "stop_futility")):
        _, (first, _) = looks_of(written, replace(LARGE, effect=effect_made))
        assert first.verdict == verdict


def test_lower_may_be_the_better_side():
    """The same trial read the other way round: benefit becomes its opposite."""
    written = story.protocol()
    turned = written.model_copy(
        update={
            "endpoints": (
                trial.endpoint("primary", trial.PRIMARY, "intensified", "lower"),
                *written.endpoints[1:],
            )
        }
    )
    _, (first, _) = looks_of(written)
    _, (other, _) = looks_of(turned)
    assert other.primary.estimate == -first.primary.estimate


def test_a_record_survives_json_and_shows_nothing():
    _, made = looks_of(story.protocol(guardrails=(story.guardrail(),)))
    for one in made:
        assert LookRecord.from_json(one.to_json()) == one
        assert str(one) == f"<look {one.number}>"
        assert repr(one.primary) == "<reading of intensified>"


def test_bayesian_looks_err_as_often_as_they_are_calibrated_to():
    plan = LookPlan(
        looks="bayesian", planned_se=1, fractions=(0.3, 0.7, 1.0), prior_sd=0.8
    )
    at_plan = boundaries(plan, as_informed(*plan.fractions), alpha=0.025)
    assert at_plan.spent[-1] == pytest.approx(0.025, abs=1e-6)
    late = boundaries(plan, as_informed(0.5, 0.9), alpha=0.025, last=True)
    assert late.spent[-1] == pytest.approx(0.025, abs=1e-6)


def test_futility_ends_with_the_information():
    plan = story.plan(futility="lan-demets-of")
    early = futile_below(plan, as_informed(0.5), alpha=0.025)
    later = futile_below(plan, as_informed(0.5, 0.8), alpha=0.025)
    assert early < later
    assert futile_below(plan, as_informed(0.5, 1.1), alpha=0.025) is None
    assert futile_below(story.plan(), as_informed(0.5), alpha=0.025) is None


def test_with_no_look_before_the_estimate_is_that_of_one_look():
    written = story.protocol(story.plan(fractions=(1.0,)))
    rows = trial.made(WORLD, 3)
    people = story.joined(rows, written, written.primary)
    found = effect(people, written, written.primary)
    same, said = after_looks(found.estimate, found.fit, written, ())
    assert said == ()
    for name in ("value", "lower", "upper"):
        got, wanted = getattr(same, name), getattr(found.estimate, name)
        assert got == pytest.approx(wanted, abs=0.004)


def test_a_bound_that_was_crossed_and_not_obeyed_gives_the_repeated_interval():
    """The stage-wise order has no place for it; the interval that holds at all has."""
    written = story.protocol(
        story.plan(planned_se=0.03, spending="lan-demets-pocock", fractions=(0.4, 1.0))
    )
    rows, made = looks_of(written, replace(WORLD, effect=0.3), shares=(0.5,))
    assert made[0].primary.crossed
    found = story.final(rows, written, made)
    assert "repeated interval" in found.method
    assert found.lower > 0


def test_little_information_gives_no_always_valid_number():
    """Two clinics in each arm: nothing that holds at any look can be said."""
    written = story.protocol(story.always(planned_se=0.001), covariates=())
    rows = trial.made(trial.World(clinics=4, per_clinic=20), 2)
    found = story.final(rows, written, ())
    assert not found or np.isfinite([found.lower, found.upper]).all()
