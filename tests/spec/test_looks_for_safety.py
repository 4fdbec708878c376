"""Looks for safety read guardrails alone; of two cards each has its own."""

from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.evaluation.estimates.effects import effect
from rounds.loop.evaluation.looks import LookRecord, look_dates
from rounds.loop.evaluation.looks.ending import EndOfTrial
from rounds.nouns import LookPlan
from stories import factorial_trial, looks, trial
from stories.looks import joined

SAFETY = LookPlan(looks="safety", planned_se=0.018)
GUARD = looks.guardrail(margin=0.02, looks="group_sequential", planned_se=0.008)
TWO = factorial_trial.protocol(looks=SAFETY, guardrails=(GUARD,))
WORLD = factorial_trial.World(clinics=24, per_clinic=60)
DAYS = looks.days((0.4, 0.7))


def look(rows, written, earlier, day):
    started = factorial_trial.rollout(written, trial.evidence())
    return looks.judged_by(rows, started, written, earlier, day)


def harmed(rows, factor, by, seed=0):
    """Give the same trial in which a card lowers more pressures too far."""
    rng = np.random.default_rng(seed)
    key = str(trial.BALANCING)
    one = rows.endpoints[key]
    arm = {
        site: factorial_trial.FACTORS.arm(cell, factor) == "active"
        for site, (cell, _) in rows.allocation.items()
    }
    active = np.array([arm[site] for site in one.care_site])
    low = one.numerator | (active & (rng.random(active.size) < by))
    changed = replace(one, numerator=low, value=low.astype(float))
    return replace(rows, endpoints=rows.endpoints | {key: changed})


def test_both_cards_have_their_guardrails_and_nothing_of_the_benefit_is_read():
    rows = factorial_trial.made(WORLD, 1)
    seen = look(rows, TWO, (), DAYS[0])
    assert [one.card for one in seen.guardrails] == ["first", "second"]
    assert all(one.is_judged for one in seen.guardrails)
    assert (seen.verdict, seen.crossed) == ("continue", ())
    assert "at the end" in seen.primary.reason
    assert (seen.primary.estimate, seen.primary.arms) == (None, ())
    assert LookRecord.from_json(seen.to_json()) == seen


@pytest.mark.parametrize("factor", ["first", "second"])
def test_harm_by_either_card_pauses_and_is_told_as_its_own(factor):
    rows = harmed(factorial_trial.made(WORLD, 2), factor, 0.2)
    seen = look(rows, TWO, (), DAYS[1])
    assert seen.verdict == "pause_harm"
    assert seen.crossed == (f"low-pressure, {factor} card",)
    by = {one.card: one.estimate for one in seen.guardrails}
    assert 0.1 < by[factor] < 0.3
    assert all(abs(by[card]) < 0.1 for card in by if card != factor)


def test_a_second_look_spends_what_the_card_s_own_looks_have_left():
    """Each card's readings go on from its own, not from the other card's."""
    rows = factorial_trial.made(WORLD, 3)
    first = look(rows, TWO, (), DAYS[0])
    second = look(rows, TWO, (first,), DAYS[1])
    alone = replace(first, guardrails=first.guardrails[1:])
    again = look(rows, TWO, (alone,), DAYS[1])
    assert second.guardrails[1] == again.guardrails[1]
    assert second.guardrails[0].upper > again.guardrails[0].upper


def test_guardrails_speak_under_a_failed_check_too():
    broken = replace(WORLD, broken="contamination")
    rows = harmed(factorial_trial.made(broken, 4), "second", 0.2)
    seen = look(rows, TWO, (), DAYS[1])
    assert "contamination" in seen.reason
    assert seen.verdict == "pause_harm"


def test_of_one_card_too_the_estimate_is_as_if_nobody_had_looked():
    """Nothing of the error of the benefit is spent; what was done is said."""
    written = looks.protocol(SAFETY, guardrails=(GUARD,))
    rows = trial.made(trial.World(clinics=16, per_clinic=40), 5)
    made = (looks.look(rows, written, (), DAYS[0]),)
    people = joined(rows, written, written.primary)
    plain = effect(people, written, written.primary)
    end = EndOfTrial(made, None, written.enrolment)
    found, said = end.allowed_for(plain, written, people)
    assert made[0].verdict == "continue"
    assert found == plain
    assert "guardrails alone" in said[0]


def test_looks_for_safety_are_made_at_any_time_and_need_a_guardrail():
    assert look_dates(TWO) == ()
    with pytest.raises(ValueError, match="at any time have no fractions"):
        LookPlan(looks="safety", planned_se=0.02, fractions=(0.5, 1.0))
    with pytest.raises(ValueError, match="name one"):
        factorial_trial.protocol(looks=SAFETY)
    for other in (looks.plan(), looks.always()):
        with pytest.raises(ValueError, match="for safety: guardrails alone"):
            factorial_trial.protocol(looks=other, guardrails=(GUARD,))
