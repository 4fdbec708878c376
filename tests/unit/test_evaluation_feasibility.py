"""A site's past stands for a trial: which days, whose arms, and what cannot be said."""

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.change.rollouts import (
    CovariateConstrained,
    MatchedPairs,
    PermutedBlocks,
    Sequences,
)
from rounds.loop.evaluation.feasibility import Asked, feasibility, plans, stretch
from rounds.loop.evaluation.feasibility.allocating import draw_of
from rounds.loop.evaluation.feasibility.describing import describe, growth
from rounds.loop.evaluation.feasibility.levels import Levels, alike_in_visits
from rounds.loop.evaluation.feasibility.looking import DesignLook
from rounds.loop.evaluation.feasibility.made_trials import make_trials, with_effect
from rounds.loop.evaluation.feasibility.plans import (
    DESIGNS,
    compared,
    fewest_weeks,
    in_weeks,
)
from rounds.loop.evaluation.feasibility.question import Question
from rounds.methods.constrained_allocations import together
from rounds.nouns import (
    DataError,
    DefinitionError,
    Design,
    Factors,
    NotEstimable,
    Schedule,
)
from stories import past as story
from stories import trial

SITE = story.Site(clinics=8, per_clinic=40)
SEEDS = 200


def day(text):
    return dt.date.fromisoformat(text)


@pytest.fixture(scope="module")
def site():
    return story.made(SITE, 1)


def drawer(name, past, weeks=story.LONGEST):
    design, protocol = in_weeks(DESIGNS[name], story.protocol(), weeks)
    return draw_of(design, past.people, past), protocol


def only(monkeypatch, *names):
    """Compare these designs alone: others take their time."""
    few = {name: DESIGNS[name] for name in names}
    monkeypatch.setattr(plans, "DESIGNS", few)


# -- which days


def test_the_latest_days_of_the_same_season_stand_for_a_trial():
    found = stretch(
        day("2025-01-06"), 26, 90, first=day("2023-07-10"), last=day("2025-03-01")
    )
    assert found.start == day("2024-01-08")
    assert found.end == day("2024-10-07")  # followed up before go-live, not after
    assert (found.weeks, found.longest, found.same_season) == (26, 39, True)
    assert (found.year_before.end - found.year_before.start).days == 26 * 7 - 1


def test_other_days_stand_for_it_where_the_data_do_not_reach_back():
    found = stretch(
        day("2025-01-06"), 79, 90, first=day("2023-07-10"), last=day("2025-01-05")
    )
    assert found.start >= day("2023-07-10")
    assert (found.weeks, found.asked_weeks, found.longest) == (65, 79, 65)
    assert not found.same_season


def test_days_that_are_not_followed_up_stand_for_nothing():
    asked = {"first": day("2024-10-01"), "last": day("2025-01-05")}
    with pytest.raises(DataError) as caught:
        stretch(day("2025-01-06"), 26, 90, **asked)
    assert caught.value.code == "past-too-short"
    assert stretch(day("2025-01-06"), 26, 28, **asked).weeks == 9


# -- whose arms: the same allocations as the rollouts', and as often


def in_arms(people, names):
    """Give the arm of each clinic, in order of their names."""
    return np.array([people.active[people.clinic == one][0] for one in names])


def drawn_here(past, design):
    draw, rng = draw_of(design, past.people, past), np.random.default_rng(3)
    return np.array([in_arms(draw(rng), sorted(past.strata)) for _ in range(SEEDS)])


def drawn_there(past, design):
    names, found = sorted(past.strata), []
    for number in range(SEEDS):
        seed = number.to_bytes(32)
        if design.allocation == "permuted_blocks":
            arms = PermutedBlocks(seed, design.block_sizes).assign(past.strata)
        else:
            kind, more = {
                "matched_pairs": (MatchedPairs, ()),
                "covariate_constrained": (
                    CovariateConstrained,
                    (design.constrained_fraction,),
                ),
            }[design.allocation]
            rollout = kind(seed, design.balances, *more)
            arms = rollout.assign(dict.fromkeys(names, "all"), past.known).assignments
        found.append([arms[name].arm == "active" for name in names])
    return np.array(found)


HALF = {"allocation": "covariate_constrained", "constrained_fraction": 0.6}
LIKE = {
    "clinic": DESIGNS["clinic"].design,
    "matched-pairs": DESIGNS["matched-pairs"].design,
    "covariate-constrained": Design(unit="clinic", **HALF),
}


@pytest.mark.parametrize("name", LIKE)
def test_allocations_are_as_frequent_as_those_of_the_rollouts(name, site):
    """How often clinics are active, and every two of them in one arm."""
    here, there = drawn_here(site, LIKE[name]), drawn_there(site, LIKE[name])
    slack = 4.5 * np.sqrt(2 * 0.25 / SEEDS)
    assert np.abs(here.mean(axis=0) - there.mean(axis=0)).max() < slack
    assert np.abs(together(here) - together(there)).max() < slack
    if name == "covariate-constrained":  # six in ten of 70, and those that tie
        assert len({tuple(one) for one in [*here, *there]}) <= 44


def test_a_constrained_set_that_is_too_small_is_told_as_such(site):
    with pytest.raises(ValueError, match="of 70 allocations only"):
        drawer("covariate-constrained", site)


def test_sequences_are_dealt_as_the_rollout_deals_them(site):
    draw, protocol = drawer("stepped-wedge", site)
    names = sorted(site.strata)
    here = draw(np.random.default_rng(1))
    dealt = Sequences(bytes(32), protocol.schedule.names).assign(site.strata)
    sizes = sorted(Counter(one.arm for one in dealt.values()).values())
    own = {c: int(here.sequence[here.clinic == c][0]) for c in names}
    assert sorted(Counter(own.values()).values()) == sizes == [2, 3, 3]
    waits = here.period >= here.sequence + 1
    assert (here.active == waits).all()
    assert len(here) < len(site.people)  # in transitions nobody is enrolled


def test_patients_are_halved_within_clinics_and_minimised_by_factors(site):
    for name in ("patient", "minimisation"):
        draw, _ = drawer(name, site)
        people = draw(np.random.default_rng(2))
        for clinic in np.unique(people.clinic):
            at = people.clinic == clinic
            assert abs(people.active[at].sum() - (~people.active[at]).sum()) <= 6
        assert len(people) == len(site.people)


def test_a_clinic_without_a_partner_is_left_out(site):
    strata = dict(list(site.strata.items())[:7])
    odd = replace(site, strata=strata)
    people = drawer("matched-pairs", odd)[0](np.random.default_rng(1))
    assert len(np.unique(people.clinic)) == 6


# -- the designs that are compared


def test_the_planned_design_comes_first_and_the_others_after_it():
    found = compared(story.BLOCKS, ("stratum",))
    assert [one.planned for one in found] == [True] + [False] * 9
    assert found[0].covariates == ("stratum",)
    assert {one.name for one in found} == set(DESIGNS)


def test_a_planned_schedule_is_kept_in_its_weeks_and_stretched_in_others():
    starts = [trial.GO_LIVE + dt.timedelta(weeks=w) for w in (0, 8, 16)]
    schedule = Schedule(
        kind="stepped_wedge", period_starts=starts, transition_days=story.FOLLOW_UP
    )
    planned = Design(unit="clinic", schedule=schedule)
    one = compared(planned, ())[0]
    assert one.title == "stepped wedge, 3 periods"
    assert fewest_weeks(one, story.FOLLOW_UP) == 3 * 2 + 2 * 4
    assert in_weeks(one, story.protocol(), story.WEEKS)[0].schedule == schedule
    other = in_weeks(one, story.protocol(), 40)[1]
    assert other.schedule.period_starts[1] == trial.GO_LIVE + dt.timedelta(weeks=14)
    assert (other.enrolment.end - other.enrolment.start).days == 40 * 7 - 1


# -- effects that are added


@pytest.mark.parametrize("effect", [0.1, -0.1])
def test_the_effect_that_is_added_is_the_one_that_was_asked_for(effect):
    past = story.made(story.Site(clinics=20, per_clinic=400), 4)
    people = replace(past.people, active=np.ones(len(past.people), bool))
    with_it = with_effect(people, effect, np.random.default_rng(1), is_share=True)
    change = (with_it.outcome - people.outcome).mean()
    assert abs(change - effect) < 4 * np.sqrt(0.1 * 0.9 / len(people))
    nobody = replace(people, active=np.zeros(len(people), bool))
    same = with_effect(nobody, effect, np.random.default_rng(1), is_share=True)
    assert (same.outcome == people.outcome).all()
    number = with_effect(people, effect, np.random.default_rng(1), is_share=False)
    assert np.allclose(number.outcome - people.outcome, effect)


# -- what cannot be said


def test_one_clinic_gives_patients_alone():
    past = story.made(story.Site(clinics=1, per_clinic=400), 1)
    found = feasibility(
        past, story.BLOCKS, story.protocol(), Asked(0.1, trials=0), progress=print
    )
    by_name = {one.name: one for one in found.designs}
    assert by_name["clinic"].power is None
    assert "two at least" in by_name["clinic"].why
    assert 0.2 < by_name["patient"].power < 1
    assert isinstance(found.outcome.icc, NotEstimable)
    assert isinstance(found.outcome.autocorrelation, NotEstimable)
    assert isinstance(found.outcome.with_baseline, NotEstimable)


def test_no_event_gives_no_power():
    past = story.made(SITE, 1)
    none = replace(past.people, outcome=np.zeros(len(past.people)))
    found = feasibility(
        replace(past, people=none), story.BLOCKS, story.protocol(), Asked(0.1, trials=0)
    )
    assert all(one.power is None and one.why for one in found.designs)
    assert all(one.weeks is None for one in found.designs)
    assert isinstance(found.outcome.icc, NotEstimable)
    assert isinstance(found.outcome.sd, NotEstimable)


def test_no_baseline_leaves_out_what_needs_one(monkeypatch):
    only(monkeypatch, "clinic", "matched-pairs")
    past = story.made(story.Site(clinics=8, baseline=0), 1)
    found = feasibility(past, story.BLOCKS, story.protocol(), Asked(0.1, trials=0))
    by_name = {one.name: one for one in found.designs}
    assert "nothing is known" in by_name["matched-pairs"].why
    assert by_name["clinic"].power is not None
    assert isinstance(found.outcome.with_baseline, NotEstimable)


def test_a_wedge_that_is_too_short_says_how_long_it_takes(site, monkeypatch):
    only(monkeypatch, "clinic", "stepped-wedge")
    short = replace(site, stretch=replace(site.stretch, weeks=8))
    found = feasibility(short, story.BLOCKS, story.protocol(), Asked(0.2, trials=0))
    wedge = next(one for one in found.designs if one.name == "stepped-wedge")
    assert wedge.fewest == 4 * 2 + 3 * 4
    assert wedge.power is None
    assert "20 weeks" in wedge.why


@pytest.mark.parametrize(
    "wrong",
    [
        {"effect": 0.0},
        {"effect": float("nan")},
        {"effect": 0.9},
        {"effect": -0.6},
        {"effect": 0.1, "wanted": 1.0},
        {"effect": 0.1, "trials": 10},
        {"effect": 0.1, "seed": -1},
    ],
)
def test_what_cannot_be_asked_is_refused(wrong, site):
    with pytest.raises(DefinitionError) as caught:
        feasibility(site, story.BLOCKS, story.protocol(), Asked(**wrong))
    assert caught.value.code == "feasibility-asked"


def test_too_few_trials_are_not_made(site):
    draw, protocol = drawer("clinic", site)
    with pytest.raises(ValueError, match="too few"):
        make_trials(
            draw,
            protocol,
            Question.of(protocol.primary, 0.1),
            Levels.of(site.people),
            np.random.default_rng(1),
            trials=5,
            is_share=True,
        )


# -- what changes as it should


def test_more_weeks_and_larger_effects_are_found_sooner(site, monkeypatch):
    only(monkeypatch, "clinic", "patient")
    small, large = (
        feasibility(site, story.BLOCKS, story.protocol(), Asked(effect, trials=0))
        for effect in (0.08, 0.2)
    )
    for one, other in zip(small.designs, large.designs, strict=True):
        if one.power is not None:
            assert other.power > one.power
            assert other.detectable == pytest.approx(one.detectable)
        if one.weeks is not None:
            assert other.weeks <= one.weeks
    assert any(one.weeks is not None for one in large.designs)


def test_the_least_effect_is_found_with_the_wanted_power(monkeypatch):
    only(monkeypatch, "clinic")
    past = story.made(story.Site(clinics=12), 2)
    found = feasibility(past, story.BLOCKS, story.protocol(), Asked(0.1, trials=0))
    least = found.designs[0].detectable
    there = feasibility(past, story.BLOCKS, story.protocol(), Asked(least, trials=0))
    assert there.designs[0].power == pytest.approx(0.8, abs=1e-6)


def test_a_stream_that_grows_is_told_from_one_that_stays():
    grown, same = growth(1400, 1000), growth(1010, 1000)
    assert grown.lower > 1.2
    assert same.lower < 1 < same.upper
    assert isinstance(growth(10, None), NotEstimable)
    assert isinstance(growth(10, 0), NotEstimable)


def test_no_repr_shows_a_person(site):
    assert "p0" not in repr(site)
    assert "p0" not in repr(describe(site.people, site.people, 52, is_share=True))


# -- two cards, visits, chances that follow looks


def test_clinics_are_dealt_to_cells_as_the_rollout_deals_them(site):
    draw, _ = drawer("factorial", site)
    here = draw(np.random.default_rng(1))
    own = {
        c: (bool(here.active[at][0]), bool(here.second[at][0]))
        for c in np.unique(here.clinic)
        if (at := here.clinic == c).any()
    }
    dealt = Sequences(bytes(32), Factors.CELLS).assign(site.strata)
    sizes = sorted(Counter(one.arm for one in dealt.values()).values())
    assert sorted(Counter(own.values()).values()) == sizes == [2, 2, 2, 2]


def answered(name, past, plan=None, effect=0.15, trials=0):
    look = DesignLook(
        DESIGNS[name], past, plan or story.protocol(), Asked(effect, trials=trials)
    )
    return look.answer(is_share=True)


def test_three_clinics_are_too_few_for_four_cells():
    past = story.made(story.Site(clinics=3), 1)
    assert "3 clinics are fewer than 4 cells" in answered("factorial", past).why


def test_visits_are_asked_for_where_none_are_counted(site):
    found = answered("encounter", site)
    assert found.power is None
    assert "counts no visits" in found.why


def test_visits_tell_more_and_stay_as_alike_as_they_were():
    past = story.made(replace(SITE, more_visits=2.0, alike=0.5), 3)
    visits, persons = answered("encounter", past), answered("patient", past)
    assert visits.units == "visits"
    assert visits.n > 1.5 * persons.n
    assert visits.power > persons.power
    levels = past.levels_of_visits
    assert 0.2 < levels.alike < 0.5
    rng = np.random.default_rng(1)
    again = [
        alike_in_visits(levels.redraw(past.visits, rng, is_share=True))
        for _ in range(20)
    ]
    assert abs(np.mean(again) - levels.alike) < 0.06


def test_chances_that_follow_looks_are_answered_by_made_trials_alone():
    past = story.made(SITE, 1)
    past = replace(past, stretch=replace(past.stretch, weeks=40))
    none = answered("response-adaptive", past)
    assert "by made trials alone" in none.why
    made = answered("response-adaptive", past, effect=0.3, trials=100)
    assert made.power is None
    assert made.weeks is None
    assert made.made.power > 0.5
    short = replace(past, stretch=replace(past.stretch, weeks=4))
    assert (
        "before anybody is followed up"
        in answered("response-adaptive", short, trials=100).why
    )


# -- ratios and margins


def asking(summary="risk_difference", hypothesis="superiority", margin=None):
    plan = story.protocol()
    estimand = plan.primary.estimand.model_copy(update={"summary_measure": summary})
    said = {"estimand": estimand, "hypothesis": hypothesis, "margin": margin}
    primary = plan.primary.model_copy(update=said)
    ends = tuple(primary if e.role == "primary" else e for e in plan.endpoints)
    return plan.model_copy(update={"endpoints": ends})


@pytest.mark.parametrize(
    ("name", "plan", "why"),
    [
        ("stepped-wedge", asking("risk_ratio"), "no risk ratio"),
        ("matched-pairs", asking("odds_ratio"), "no odds ratio"),
        ("factorial", asking(hypothesis="equivalence", margin=0.1), "as yet"),
    ],
)
def test_a_design_that_does_not_offer_what_is_asked_says_why(name, plan, why, site):
    found = answered(name, site, plan, effect=1.5 if "ratio" in why else 0.0)
    assert found.power is None
    assert why in found.why


@pytest.mark.parametrize(
    ("plan", "effect"),
    [
        (asking("hazard_ratio"), 1.5),
        (asking("risk_ratio"), 1.0),
        (asking("risk_ratio"), -0.5),
        (asking("risk_ratio"), 9.0),
        (asking(hypothesis="non-inferiority", margin=0.05), -0.06),
        (asking(hypothesis="equivalence", margin=0.05), 0.05),
    ],
)
def test_effects_that_do_not_go_with_the_question_are_refused(plan, effect, site):
    with pytest.raises(DefinitionError) as caught:
        feasibility(site, story.BLOCKS, plan, Asked(effect, trials=0))
    assert caught.value.code == "feasibility-asked"


def test_a_margin_is_held_to_more_often_where_it_is_wider(site):
    near, far = (
        answered("patient", site, asking(hypothesis=h, margin=m), effect=0.0)
        for h, m in (("equivalence", 0.1), ("equivalence", 0.2))
    )
    less = answered(
        "patient", site, asking(hypothesis="non-inferiority", margin=0.2), effect=0.0
    )
    assert near.power < far.power < less.power
    assert near.detectable == pytest.approx(far.detectable)
    again = asking(hypothesis="equivalence", margin=far.detectable)
    assert answered("patient", site, again, 0.0).power == pytest.approx(0.8, abs=1e-6)
