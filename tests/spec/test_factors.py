"""Two factors in a protocol, a design and a rollout: what holds together, what not."""

import pytest
from pydantic import ValidationError

from rounds.loop.change.rollouts import Sequences
from rounds.loop.evaluation.gate import open_to_looks
from rounds.nouns import DefinitionError, Design, Factors, LookPlan, Schedule
from stories import factorial_trial as story
from stories import trial


@pytest.mark.parametrize(
    ("cell", "first", "second"),
    [
        ("neither", "silent", "silent"),
        ("first", "active", "silent"),
        ("second", "silent", "active"),
        ("both", "active", "active"),
    ],
)
def test_a_cell_has_an_arm_of_each_factor(cell, first, second):
    assert story.FACTORS.arm(cell, "first") == first
    assert story.FACTORS.arm(cell, "second") == second


@pytest.mark.parametrize("n", [8, 13, 40])
def test_a_deal_halves_each_factor_within_both_arms_of_the_other(n):
    units = {f"c{i}": "large" if i % 2 else "small" for i in range(n)}
    dealt = Sequences(bytes(32), Factors.CELLS).assign(units)
    cells = [one.arm for one in dealt.values()]
    counts = [cells.count(name) for name in Factors.CELLS]
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unit": "patient"}, "among clinics"),
        ({"allocation": "matched_pairs"}, "among clinics"),
        (
            {
                "schedule": Schedule(
                    kind="cluster_crossover",
                    period_starts=("2025-01-06", "2025-03-03"),
                )
            },
            "no schedule",
        ),
    ],
)
def test_designs_that_do_not_cross_are_refused(changes, said):
    given = {"unit": "clinic", "factors": story.FACTORS, **changes}
    with pytest.raises(ValidationError, match=said):
        Design(**given)


def test_protocols_that_cannot_be_read_are_refused():
    with pytest.raises(ValidationError, match="looks at two factors are for safety"):
        story.protocol(
            looks=LookPlan(
                looks="group_sequential", fractions=(0.5, 1.0), planned_se=0.02
            )
        )
    shared = story.FACTORS.model_copy(update={"multiplicity": "bonferroni"})
    with pytest.raises(ValidationError, match=r"level 0\.975"):
        story.protocol(shared)
    assert story.protocol(shared, level=0.975).level == 0.975
    with pytest.raises(ValidationError, match="greater than 0"):
        Factors(first="a", second="b", interaction_margin=0.0)


def test_one_factor_says_nothing_of_a_second():
    """So that what was published before two factors were known keeps its hash."""
    plan = trial.protocol()
    for noun in (plan, trial.rollout(plan, trial.evidence())):
        assert "factors" not in noun.to_json()
        assert "second" not in noun.to_json().replace("secondary", "")


def test_a_rollout_has_the_factors_that_its_protocol_froze():
    plan, known = story.protocol(), trial.evidence()
    other = story.FACTORS.model_copy(update={"interaction_margin": 0.3})
    design = Design(unit="clinic", factors=other)
    wrong = story.rollout(plan, known).model_copy(update={"design": design})
    with pytest.raises(DefinitionError, match="different factors"):
        open_to_looks(wrong, plan, known, measures={}, receipt=None)
