"""Feasibility of two cards, of visits, of looks that move chances; ratios, margins."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.change.rollouts import (
    Sequences,
)
from rounds.loop.evaluation.feasibility import Asked, feasibility
from rounds.loop.evaluation.feasibility.allocating import draw_of
from rounds.loop.evaluation.feasibility.levels import alike_in_visits
from rounds.loop.evaluation.feasibility.looking import DesignLook
from rounds.loop.evaluation.feasibility.plans import (
    DESIGNS,
    in_weeks,
)
from rounds.nouns import (
    DefinitionError,
    Factors,
)
from stories import past as story

SITE = story.Site(clinics=8, per_clinic=40)


@pytest.fixture(scope="module")
def site():
    return story.made(SITE, 1)


def drawer(name, past, weeks=story.LONGEST):
    design, protocol = in_weeks(DESIGNS[name], story.protocol(), weeks)
    return draw_of(design, past.people, past), protocol


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


@pytest.mark.parametrize(
    ("name", "plan", "why"),
    [
        ("stepped-wedge", story.asking("risk_ratio"), "no risk ratio"),
        ("matched-pairs", story.asking("odds_ratio"), "no odds ratio"),
        ("factorial", story.asking(hypothesis="equivalence", margin=0.1), "as yet"),
    ],
)
def test_a_design_that_does_not_offer_what_is_asked_says_why(name, plan, why, site):
    found = answered(name, site, plan, effect=1.5 if "ratio" in why else 0.0)
    assert found.power is None
    assert why in found.why


@pytest.mark.parametrize(
    ("plan", "effect"),
    [
        (story.asking("hazard_ratio"), 1.5),
        (story.asking("risk_ratio"), 1.0),
        (story.asking("risk_ratio"), -0.5),
        (story.asking("risk_ratio"), 9.0),
        (story.asking(hypothesis="non-inferiority", margin=0.05), -0.06),
        (story.asking(hypothesis="equivalence", margin=0.05), 0.05),
    ],
)
def test_effects_that_do_not_go_with_the_question_are_refused(plan, effect, site):
    with pytest.raises(DefinitionError) as caught:
        feasibility(site, story.BLOCKS, plan, Asked(effect, trials=0))
    assert caught.value.code == "feasibility-asked"


def test_a_margin_is_held_to_more_often_where_it_is_wider(site):
    near, far = (
        answered("patient", site, story.asking(hypothesis=h, margin=m), effect=0.0)
        for h, m in (("equivalence", 0.1), ("equivalence", 0.2))
    )
    less = answered(
        "patient",
        site,
        story.asking(hypothesis="non-inferiority", margin=0.2),
        effect=0.0,
    )
    assert near.power < far.power < less.power
    assert near.detectable == pytest.approx(far.detectable)
    again = story.asking(hypothesis="equivalence", margin=far.detectable)
    assert answered("patient", site, again, 0.0).power == pytest.approx(0.8, abs=1e-6)
