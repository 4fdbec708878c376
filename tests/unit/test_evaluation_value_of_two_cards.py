"""Two cards in one trial, each with its own price, groups and burden."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rounds.cli.value_lines import value_lines
from rounds.ledger import safe
from rounds.loop import decision
from rounds.loop.evaluation import analyse
from rounds.nouns import (
    DecisionRule,
    Estimate,
    Evaluation,
    ProgrammeCost,
    Signature,
    Value,
    Weighing,
)
from rounds.reports.brief_price import price_rows
from stories import factorial_trial, priced_trial, trial

WORLD = factorial_trial.World(clinics=40, first=0.12, second=0.12)
SIGNED = Signature(
    name="A", at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), authenticated=False
)


def judged(plan, world=WORLD, seed=3):
    """Analyse a made trial of two cards with costs."""
    known = trial.evidence()
    return analyse(
        priced_trial.made_two(world, seed),
        factorial_trial.rollout(plan, known),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )


def dear(price, **weighing):
    """Give a plan whose second card alone has a programme of so much a participant."""
    part = ProgrammeCost(
        name="Letters", price=priced_trial.price(1000 * price), card="second"
    )
    rule = DecisionRule(least_worthwhile=0.02, weighing=Weighing(**weighing))
    plan = priced_trial.protocol_of_two(decision_rule=rule, equity_groups=("sex",))
    costs = priced_trial.costs(programme=(part,))
    return plan.model_copy(update={"costs": costs})


@pytest.fixture(scope="module")
def evaluation():
    return judged(dear(500, net_benefit="shown", no_group_worse=True))


def test_each_card_pays_for_its_own_programme_alone(evaluation):
    first, second = evaluation.value, evaluation.factorial.second.value
    assert "Letters" not in {line.name for line in first.lines}
    assert "Letters" in {line.name for line in second.lines}
    assert second.cost.value > first.cost.value + 400


def test_the_rule_reads_the_price_of_the_card_that_it_decides_on():
    plan = dear(500, net_benefit="positive")
    made = decision.run(judged(plan), plan, SIGNED, name="d", title="D")
    assert not any("worth its price" in reason for reason in made.reasons)
    assert any("It is not worth its price" in said for said in made.second.reasons)
    assert made.second.recommended == "adapt"


def test_the_rule_reads_the_groups_of_the_card_that_it_decides_on():
    """Whom the first card harms is not held against the second."""
    plan = dear(1, no_group_worse=True)
    found = judged(plan)
    worse = Estimate(value=-0.1, lower=-0.15, upper=-0.05, scale="risk_difference")
    hurt, *rest = found.equity
    hurt = hurt.model_copy(update={"shrunken": worse})
    found = found.model_copy(update={"equity": (hurt, *rest)})
    made = decision.run(found, plan, SIGNED, name="d", title="D")
    assert made.recommended == "adapt"
    assert made.second.recommended == "adopt"
    groups = [one.group for one in found.factorial.second.equity]
    assert groups == [one.group for one in found.equity]
    assert found.factorial.second.equity[0].estimate != rest[0].estimate


def test_the_cards_that_a_clinician_is_shown_are_weighed_of_either():
    """The second card is shown ten times as often, and that is held against it alone."""
    plan = dear(1, most_cards=3.0).model_copy(update={"required_diagnostics": ()})
    rows = priced_trial.with_clinicians(priced_trial.made_two(WORLD, 3))
    often = rows.second_calls
    names = np.array([f"{clinic}/0" for clinic in often.clinic])
    one_day = np.full(len(often), np.datetime64(trial.GO_LIVE, "s"))
    crowded = replace(often, clinician=names, occurred=one_day)
    known = trial.evidence()
    found = analyse(
        replace(rows, second_calls=crowded),
        factorial_trial.rollout(plan, known),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
    )
    few, many = found.reach.burden, found.factorial.second.reach.burden
    assert few.cards.value < 3 < many.cards.value
    made = decision.run(found, plan, SIGNED, name="d", title="D")
    assert not any("cards" in reason and "more" in reason for reason in made.reasons)
    assert made.second.recommended == "adapt"


def test_withheld_margins_withhold_both_prices():
    never = factorial_trial.FACTORS.model_copy(update={"interaction_margin": 1e-9})
    plan = priced_trial.protocol_of_two(factors=never)
    found = judged(plan)
    for value in (found.value, found.factorial.second.value):
        assert isinstance(value, Value)
        assert value.lines == ()
        assert "interact" in value.net_benefit.sealed


def test_what_leaves_hides_the_second_s_price_with_its_arms(evaluation):
    assert safe(evaluation) == safe(safe(evaluation))
    assert safe(evaluation).factorial.second.value.curve
    first, *rest = evaluation.factorial.cells
    small = first.model_copy(update={"n": 4, "numerator": 1})
    two = evaluation.factorial.model_copy(update={"cells": (small, *rest)})
    hidden = safe(evaluation.model_copy(update={"factorial": two})).factorial
    assert hidden.second.value.curve == ()
    assert all(line.suppressed for line in hidden.second.value.lines)
    cost = hidden.second.value.cost.value
    assert cost != evaluation.factorial.second.value.cost.value


def test_both_prices_are_told(evaluation):
    lines = value_lines(evaluation)
    assert lines[0].strip() == "the card"
    assert "  the letter" in lines
    assert sum(line.startswith("  net benefit") for line in lines) == 2
    asked = [row.asked for row in price_rows(evaluation)]
    assert "What did it cost?" in asked
    assert "What did the letter cost?" in asked


def test_it_survives_json_and_an_older_one_keeps_its_hash(evaluation):
    assert Evaluation.from_json(evaluation.to_json()) == evaluation
    plain = factorial_trial.judged(WORLD, 3)
    told = plain.model_dump(mode="json")["factorial"]["second"]
    assert "value" not in told
    assert "equity" not in told


def test_one_card_alone_has_no_second_programme():
    part = ProgrammeCost(name="x", price=priced_trial.price(10), card="second")
    with pytest.raises(ValueError, match="where two cards are tried"):
        trial.protocol(costs=priced_trial.costs(programme=(part,)))
