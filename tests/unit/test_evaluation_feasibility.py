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
from rounds.loop.evaluation.feasibility.levels import Levels
from rounds.loop.evaluation.feasibility.made_trials import make_trials, with_effect
from rounds.loop.evaluation.feasibility.plans import (
    DESIGNS,
    compared,
    fewest_weeks,
    in_weeks,
)
from rounds.loop.evaluation.feasibility.question import Question
from rounds.methods.allocations.constrained_allocations import together
from rounds.nouns import (
    DataError,
    DefinitionError,
    Design,
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
