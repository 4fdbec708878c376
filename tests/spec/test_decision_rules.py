"""Rules: an evaluation in, a recommendation out, one row for each branch."""

import datetime as dt

import pytest
from pydantic import ValidationError

from rounds.loop.decision import as_source, explain, recommend, run
from rounds.nouns import (
    BalancingResult,
    Decision,
    DefinitionError,
    DiagnosticError,
    Estimate,
    NotEstimable,
    Signature,
)
from stories import trial

title = "What the rule says, from the estimate and the balancing measure"

SEALED = "sealed"
ABSENT = "absent"

#                 estimate (lower, upper)   harm (value, lower, upper)    says
TABLE = [
    ("benefit, no harm",     (0.02, 0.10),  (0.000, -0.010, 0.010), "adopt"),
    ("benefit, harm beyond", (0.02, 0.10),  (0.030, 0.021, 0.039),  "adapt"),
    ("benefit, harm likely", (0.02, 0.10),  (0.021, 0.010, 0.032),  "adapt"),
    ("benefit, harm open",   (0.02, 0.10),  (0.010, -0.001, 0.021), "extend"),
    ("at the margin",        (0.02, 0.10),  (0.010, 0.000, 0.020),  "extend"),
    ("touches nought",       (0.00, 0.10),  (0.000, -0.010, 0.010), "extend"),
    ("nothing worthwhile",   (-0.02, 0.019), (0.000, -0.010, 0.010), "abandon"),
    ("just worthwhile",      (-0.02, 0.02), (0.000, -0.010, 0.010), "extend"),
    ("worse",                (-0.10, -0.02), (0.000, -0.010, 0.010), "abandon"),
    ("no benefit, harm",     (-0.02, 0.06), (0.030, 0.021, 0.039),  "abandon"),
    ("open, harm open",      (-0.02, 0.06), (0.010, -0.001, 0.021), "extend"),
    ("sealed",               SEALED,        SEALED,                 "extend"),
    ("no estimate",          ABSENT,        (0.000, -0.010, 0.010), "extend"),
    ("no balancing",         (0.02, 0.10),  ABSENT,                 "extend"),
]  # fmt: skip


def number(limits, **more):
    if limits == SEALED:
        return Estimate(scale="risk_difference", sealed="deliveries failed", **more)
    if limits == ABSENT:
        return NotEstimable(reason="no patients")
    *value, lower, upper = limits
    middle = value[0] if value else (lower + upper) / 2
    return Estimate(
        value=middle, lower=lower, upper=upper, scale="risk_difference", n=900
    )


@pytest.fixture(scope="module")
def whole():
    return trial.judged(trial.World(clinics=12), 1)


def put(whole, estimate, harm):
    evaluation, protocol = whole
    balancing = BalancingResult(
        name="low-pressure", estimate=number(harm), margin=0.02, verdict="uncertain"
    )
    changes = {"estimate": number(estimate), "balancing": (balancing,)}
    return evaluation.model_copy(update=changes), protocol


@pytest.mark.parametrize(("name", "estimate", "harm", "says"), TABLE)
def test_the_rule(whole, name, estimate, harm, says):
    """Each row of the table gives its recommendation, with reasons in sentences."""
    evaluation, protocol = put(whole, estimate, harm)
    found = recommend(evaluation, protocol)
    assert found.choice == says, name
    assert found.reasons
    assert all(reason.rstrip().endswith(".") for reason in found.reasons)


@pytest.mark.parametrize(("name", "estimate", "harm", "says"), TABLE)
def test_it_is_the_same_for_an_effect_whose_better_side_is_lower(
    whole, name, estimate, harm, says
):
    """Turning every sign, and what is better, changes no recommendation."""

    def turned(limits):
        if isinstance(limits, str):
            return limits
        *value, lower, upper = limits
        return (*(-v for v in value), -upper, -lower)

    evaluation, protocol = put(whole, turned(estimate), turned(harm))
    other = {"higher": "lower", "lower": "higher"}
    endpoints = tuple(
        e.model_copy(update={"better": other[e.better]}) for e in protocol.endpoints
    )
    protocol = protocol.model_copy(update={"endpoints": endpoints})
    assert recommend(evaluation, protocol).choice == says, name


def test_the_posterior_is_not_read(whole):
    """A certain prior moves no recommendation."""
    evaluation, protocol = put(whole, (-0.02, 0.06), (0.0, -0.01, 0.01))
    without = evaluation.model_copy(update={"posterior": NotEstimable(reason="none")})
    assert recommend(evaluation, protocol) == recommend(without, protocol)


def test_a_balancing_measure_that_is_missing_stops_adoption(whole):
    """What the protocol promised to look at must have been looked at."""
    evaluation, protocol = put(whole, (0.02, 0.10), ABSENT)
    evaluation = evaluation.model_copy(update={"balancing": ()})
    assert recommend(evaluation, protocol).choice == "extend"


def test_the_rule_is_said_in_words_before_it_is_applied(whole):
    """The text names the endpoint, the margin, the least worthwhile and all four."""
    text = explain(whole[1])
    for part in ("intensified", "low-pressure", "2.0 percentage points", "95%"):
        assert part in text
    for choice in ("adopt", "adapt", "abandon", "extend", "Extend"):
        assert choice in text


SIGNED = Signature(
    name="Mr Jonas Berg",
    role="sponsor",
    at=dt.datetime(2025, 10, 20, tzinfo=dt.UTC),
    authenticated=False,
)


def sign(whole, estimate=(0.02, 0.10), harm=(0.0, -0.01, 0.01), **more):
    evaluation, protocol = put(whole, estimate, harm)
    return run(evaluation, protocol, SIGNED, name="card", title="Shall we?", **more)


def test_a_decision_follows_the_rule_unless_a_reason_is_given(whole):
    """The signer's own choice needs a reason; both choices are kept."""
    assert sign(whole).decided == "adopt"
    departed = sign(whole, decided="extend", departure_reason="a strike in June")
    assert (departed.recommended, departed.decided) == ("adopt", "extend")
    with pytest.raises(DefinitionError, match="no reason for departing"):
        sign(whole, decided="extend")
    with pytest.raises(ValidationError, match="departing"):
        Decision(**(departed.model_dump() | {"departure_reason": " "}))


def test_a_decision_names_what_it_rests_on(whole):
    """Evaluation, protocol and knowledge object stand in it and in its provenance."""
    made = sign(whole)
    assert made.knowledge_object == whole[0].knowledge_object
    assert set(made.provenance.made_from) == {
        made.evaluation,
        made.protocol,
        made.knowledge_object,
    }
    assert made.rule == explain(whole[1])
    assert Decision.from_json(made.to_json()) == made


def test_another_protocol_or_knowledge_object_is_refused(whole):
    """A result is read by the rule under which it was obtained."""
    evaluation, protocol = whole
    other = protocol.model_copy(update={"version": "2"})
    with pytest.raises(DefinitionError, match="handed in"):
        run(evaluation, other, SIGNED, name="card", title="Shall we?")
    with pytest.raises(DefinitionError, match="one knowledge object"):
        sign(whole, knowledge_object=trial.ref("knowledge-object/another"))


def test_a_finished_turn_is_a_source_for_the_next(whole):
    """The posterior goes round by default; the trial alone where it is asked for."""
    evaluation, protocol = whole
    made = run(evaluation, protocol, SIGNED, name="card", title="Shall we?")
    source = as_source(evaluation, made, protocol, "turn-1")
    assert source.turn == "turn-1"
    assert source.effect.value == evaluation.posterior.estimate.value
    assert source.pico.outcome == protocol.primary.estimand.variable
    assert source.risk_of_bias is None
    alone = as_source(evaluation, made, protocol, "turn-1", carry="estimate")
    assert alone.effect.value == evaluation.estimate.value


def test_a_sealed_turn_is_no_source(whole):
    """What may not be trusted does not become evidence."""
    evaluation, protocol = put(whole, SEALED, SEALED)
    made = run(evaluation, protocol, SIGNED, name="card", title="Shall we?")
    assert made.recommended == "extend"
    with pytest.raises(DiagnosticError):
        as_source(evaluation, made, protocol, "turn-1")
