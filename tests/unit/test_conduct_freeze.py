"""From turn.yaml to a frozen protocol: what is asked is written down, or refused."""

from importlib.resources import as_file, files

import pytest

from rounds.conduct.freeze import protocol_of
from rounds.conduct.plan import EndpointPlan, Plan
from rounds.definitions import builtin_measures
from rounds.nouns import DefinitionError, Design, Schedule
from stories.told_problem import DAY, problem


def planned(*, design=None, least=None, **of_primary):
    """Give the demo's change, its primary endpoint or its design changed."""
    with as_file(files("rounds.conduct.demo") / "turn.yaml") as path:
        change = Plan.load(path).change
    first, *others = change.protocol.endpoints
    first = EndpointPlan.model_validate(first.model_dump() | of_primary)
    asked = {"endpoints": (first, *others)}
    if least is not None:
        asked["least_worthwhile"] = least
    changed = {"protocol": change.protocol.model_copy(update=asked)}
    if design is not None:
        changed["design"] = design
    return change.model_copy(update=changed)


def frozen(change):
    return protocol_of(change, problem(), builtin_measures().__getitem__, "0")


def test_a_plan_that_asks_nothing_new_says_nothing_new():
    """Its JSON holds neither a weighting nor a hypothesis, as before."""
    text = frozen(planned()).to_json()
    assert "weighting" not in text
    assert "hypothesis" not in text
    assert "instead" not in frozen(planned()).analysis


def test_what_is_asked_is_in_the_protocol_and_in_its_words():
    """Summary, weighting, hypothesis, margin; the analysis names the estimator."""
    plan = planned(
        summary_measure="risk_ratio",
        weighting="clusters",
        hypothesis="non-inferiority",
        margin=0.8,
        least=1.1,
    )
    protocol = frozen(plan)
    primary = protocol.primary
    assert primary.estimand.summary_measure == "risk_ratio"
    assert primary.estimand.weighting == "clusters"
    assert (primary.hypothesis, primary.margin) == ("non-inferiority", 0.8)
    assert "standardised over everybody's covariates" in protocol.analysis
    assert "an average of clinics, in which each counts alike" in protocol.analysis
    assert "on the better side of the margin, which is 0.8" in protocol.analysis
    assert type(protocol).from_json(protocol.to_json()) == protocol


def test_an_event_between_is_frozen_with_its_strategy():
    """Beside those of every trial; a strategy that is not offered is refused."""
    policy = {"event": "another card is shown", "strategy": "treatment_policy"}
    events = frozen(planned(intercurrent_events=(policy,))).primary.estimand
    assert events.intercurrent_events[-1].event == "another card is shown"
    hypothetical = policy | {"strategy": "hypothetical"}
    with pytest.raises(DefinitionError, match="cannot be met by hypothetical"):
        frozen(planned(intercurrent_events=(hypothetical,)))


def test_a_schedule_refuses_a_ratio_before_a_card_is_shown():
    """With the reason: its model's effect is a difference."""
    starts = tuple(DAY(2025, month, 6) for month in (1, 4, 7))
    steps = Schedule(kind="stepped_wedge", period_starts=starts, transition_days=30)
    design = Design(unit="clinic", strata=(), schedule=steps)
    change = planned(summary_measure="odds_ratio", least=1.2, design=design)
    weeks = {"weeks": 39, "follow_up_days": 30}
    change = change.model_copy(
        update={"protocol": change.protocol.model_copy(update=weeks)}
    )
    with pytest.raises(DefinitionError, match="linear mixed model"):
        frozen(change)


def test_a_measure_that_gives_no_times_answers_no_hazard_ratio():
    """The refusal names the scoring, and what it does answer."""
    with pytest.raises(DefinitionError, match="whose scoring is proportion"):
        frozen(planned(summary_measure="hazard_ratio", least=1.2))


def test_the_least_worthwhile_difference_is_no_ratio():
    """The usual 0.02 beside a ratio is refused, not read as a fifty-fold effect."""
    with pytest.raises(DefinitionError, match="was meant as a difference"):
        frozen(planned(summary_measure="risk_ratio"))
