"""What a trial cost, who took it up, and what else its rule weighs."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rounds.ledger import safe
from rounds.loop import decision
from rounds.loop.decision import explain, rates, recommend
from rounds.loop.evaluation import analyse
from rounds.loop.evaluation.uptake.uptake import _as_met
from rounds.loop.evaluation.value.resources import counting
from rounds.nouns import (
    Costs,
    Decision,
    DecisionRule,
    Estimate,
    Evaluation,
    Modification,
    NotEstimable,
    Protocol,
    Reading,
    Signature,
    Value,
    Weighing,
)
from stories import priced_trial, trial

WORLD = trial.World(clinics=40, effect=0.12)


def judged(world=WORLD, *, plan=None, rows=None, modifications=()):
    """Analyse a made trial with costs, and with clinicians named."""
    plan = plan or priced_trial.protocol()
    known = trial.evidence()
    rows = rows or priced_trial.with_clinicians(priced_trial.made(world, 3))
    return analyse(
        rows,
        trial.rollout(plan, known),
        plan,
        known,
        receipt=trial.ZERO,
        snapshot="snapshot",
        log=modifications,
    )


@pytest.fixture(scope="module")
def evaluation():
    return judged()


def test_lines_add_up_to_the_incremental_cost_where_nothing_is_adjusted():
    found = judged(plan=priced_trial.protocol(covariates=())).value
    assert sum(line.cost for line in found.lines) == pytest.approx(found.cost.value)
    card = next(line for line in found.lines if line.name == "Card")
    assert (card.active, card.silent) == (1.0, 0.0)


def test_net_benefit_is_worth_times_effect_less_cost(evaluation):
    value = evaluation.value
    expected = value.worth * value.effect.value - value.cost.value
    assert value.net_benefit.value == pytest.approx(expected)
    assert value.effect.value == pytest.approx(evaluation.estimate.value)
    assert value.effect.lower == pytest.approx(evaluation.estimate.lower)


def test_the_curve_rises_from_the_chance_of_saving_to_that_of_an_effect(evaluation):
    curve = evaluation.value.curve
    assert [point.worth for point in (curve[0], curve[-1])] == [0.0, 800.0]
    chances = [point.probability for point in curve]
    assert chances[0] < 0.05
    assert chances[-1] > 0.95


def test_cards_without_action_are_priced(evaluation):
    (waste,) = evaluation.value.waste
    shown = 1 - evaluation.reach.acceptance.value
    assert waste.quantity.value == pytest.approx(shown)
    assert waste.cost.value == pytest.approx(shown * priced_trial.CARD)


def test_a_service_of_low_value_that_is_done_more_is_no_saving():
    plan = priced_trial.protocol()
    plan = plan.model_copy(update={"costs": priced_trial.costs(low_value=True)})
    found = judged(plan=plan).value
    visits = next(line for line in found.lines if line.name == "Visits")
    waste = found.waste[-1]
    assert waste.quantity.value == pytest.approx(-visits.difference.value)
    assert waste.cost.value < 0


def test_a_failed_check_seals_every_amount():
    world = trial.World(clinics=40, broken="sample ratio")
    found = judged(world).value
    for name in ("cost", "effect", "net_benefit", "cost_per_outcome"):
        assert getattr(found, name).sealed is not None
    assert found.curve == ()
    assert found.lines == ()
    assert found.waste == ()


def test_what_the_datamart_does_not_hold_is_no_cost_of_nought():
    rows = priced_trial.made(WORLD, 3)
    absent = NotEstimable(reason="the datamart holds no visit at all")
    found = judged(rows=replace(rows, resources={"Visits": absent})).value
    assert not found
    assert "Visits cannot be counted" in found.reason


def test_a_protocol_without_costs_has_no_value_and_its_old_hash():
    plan = trial.protocol()
    assert judged(plan=plan, rows=trial.made(WORLD, 3)).value is None
    assert not {"costs", "weighing"} & set(plan.model_dump(mode="json"))
    assert "weighing" not in plan.model_dump(mode="json")["decision_rule"]
    assert Protocol.from_json(plan.to_json()) == plan


def test_costs_travel_with_the_protocol_and_are_in_its_hash():
    plan = priced_trial.protocol()
    dearer = plan.model_copy(update={"costs": priced_trial.costs(worth=401.0)})
    assert Protocol.from_json(plan.to_json()) == plan
    assert plan.content_hash() != dearer.content_hash()


def test_an_evaluation_with_a_value_survives_json(evaluation):
    assert Evaluation.from_json(evaluation.to_json()) == evaluation


def test_no_participant_stands_in_a_value(evaluation):
    assert "patient-" not in evaluation.to_json()
    assert "/0" not in evaluation.reach.to_json()


def test_what_is_safe_is_safe_twice(evaluation):
    once = safe(evaluation)
    assert safe(once) == once


def test_clinics_with_few_cards_are_hidden_and_cannot_be_subtracted():
    world = trial.World(clinics=12, per_clinic=12)
    shown = safe(judged(world)).reach.uptake.by_clinic
    hidden = [one for one in shown if one.suppressed]
    assert len(hidden) > 1
    assert all(one.adopted is None for one in hidden)


def test_a_programme_is_spread_over_its_years_as_an_annuity():
    """40,000 over three years at 3%: 40000 × 0.03 / (1 − 1.03⁻³) = 14141.21."""
    costs = priced_trial.costs()
    once = costs.programme[0].model_copy(
        update={"price": priced_trial.price(40000), "lasts_years": 3}
    )
    assert costs.a_year(once) == pytest.approx(14141.21, abs=0.01)


def test_an_item_is_counted_for_the_participants_of_the_endpoint():
    from rounds.definitions import builtin_measures

    chief = builtin_measures()["intensified-after-first-uncontrolled"]
    counted = counting(priced_trial.costs().items[1], chief, 90)
    assert counted.initial_population == chief.initial_population
    assert counted.scoring == "continuous-variable"
    assert isinstance(counted.measure_observation, Reading)
    assert counted.measure_observation.events.window.end.days == 90
    assert "antihypertensives" not in {one.name for one in counted.concept_sets}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"items": (), "programme": ()}, "nothing costs anything"),
        ({"patients_a_year": None}, "patients_a_year"),
        ({"worth_range": (5.0, 5.0)}, "worth_range"),
        ({"outcome": "no-such"}, None),
    ],
)
def test_costs_that_say_too_little_are_refused(changes, said):
    if said is None:
        with pytest.raises(ValueError, match="no endpoint's measure"):
            trial.protocol(costs=priced_trial.costs(**changes))
        return
    with pytest.raises(ValueError, match=said):
        priced_trial.costs(**changes)


def test_clinicians_and_their_days_are_counted_from_the_calls(evaluation):
    uptake, burden = evaluation.reach.uptake, evaluation.reach.burden
    assert uptake.clinics.n == 20
    assert uptake.clinicians.n == 60
    assert burden.cards.value > 0
    assert burden.minutes.value == pytest.approx(0.5 * burden.cards.value)


def test_calls_that_name_nobody_say_so():
    found = judged(rows=priced_trial.made(WORLD, 3)).reach
    assert "userId" in found.uptake.clinicians.reason
    assert "userId" in found.burden.cards.reason


def _modification(on):
    return Modification(
        name="m-1",
        rollout=trial.ref("rollout/reminder"),
        on=on,
        what="The card is shorter",
        modified="content",
        planned=True,
        decided_by="Dr Lind",
        level="clinician",
        fidelity_consistent=True,
        goal="to be read",
    )


def test_a_modification_divides_the_effect_and_the_cards_by_its_day():
    on = trial.GO_LIVE + dt.timedelta(days=91)
    entry = _modification(on)
    before, after = judged(modifications=(entry,)).phases
    assert (before.until, after.since) == (on - dt.timedelta(days=1), on)
    both = judged().estimate
    assert before.estimate.n + after.estimate.n == both.n
    assert before.estimate.lower < 0.12 < before.estimate.upper
    assert before.acceptance.n + after.acceptance.n == judged().reach.acceptance.n


def test_a_modification_outside_enrolment_divides_nothing():
    assert judged(modifications=(_modification(trial.GO_LIVE),)).phases == ()


def test_an_effect_that_changes_with_a_modification_is_seen_to():
    """The card works only from its modification on: the phases tell them apart."""
    rows = trial.made(trial.World(clinics=40, effect=0.0, per_clinic=80), 5)
    chief = rows.endpoints[str(trial.PRIMARY)]
    on = trial.GO_LIVE + dt.timedelta(days=91)
    active = np.array([rows.allocation[c][0] == "active" for c in chief.care_site])
    late = active & (chief.index_date >= np.datetime64(on))
    rng = np.random.default_rng(3)
    value = np.where(late & (rng.random(len(late)) < 0.2), 1.0, chief.value)
    changed = replace(chief, value=value, numerator=value == 1)
    rows = replace(rows, endpoints={**rows.endpoints, str(trial.PRIMARY): changed})
    found = judged(rows=rows, plan=trial.protocol(), modifications=(_modification(on),))
    before, after = found.phases
    assert before.estimate.lower < 0 < before.estimate.upper
    assert after.estimate.lower > 0.05


WEIGHED = {
    "net_benefit": Weighing(net_benefit="shown"),
    "positive": Weighing(net_benefit="positive"),
    "burden": Weighing(most_cards=3.0),
    "minutes": Weighing(most_minutes=3.0),
    "groups": Weighing(no_group_worse=True),
}


def money(value, lower, upper):
    return Estimate(
        value=value, lower=lower, upper=upper, scale="mean_difference", unit="SEK"
    )


def with_net(found, net):
    return {"value": found.value.model_copy(update={"net_benefit": net})}


@pytest.fixture(scope="module")
def weighed():
    """One evaluation for each weighing, with its plan."""
    kept = {}
    for name, weighing in WEIGHED.items():
        plan = priced_trial.protocol(weighing=weighing)
        kept[name] = (judged(plan=plan), plan)
    return kept


@pytest.mark.parametrize(
    ("net", "choice", "said"),
    [
        (money(20, 5, 35), "adopt", "shown to be worth its price"),
        (money(20, -5, 45), "extend", "Whether it is worth its price is open"),
        (money(-20, -35, -5), "adapt", "shown not to be worth its price"),
        (NotEstimable(reason="no"), "extend", "cannot be read"),
    ],
)
def test_the_rule_reads_net_benefit_where_the_protocol_says_so(
    weighed, net, choice, said
):
    found, plan = weighed["net_benefit"]
    got = recommend(found.model_copy(update=with_net(found, net)), plan)
    assert got.choice == choice
    assert any(said in reason for reason in got.reasons)


def test_a_positive_net_benefit_need_not_be_shown(weighed):
    found, plan = weighed["positive"]
    open_ = found.model_copy(update=with_net(found, money(20, -5, 45)))
    assert recommend(open_, plan).choice == "adopt"
    lost = found.model_copy(update=with_net(found, money(-1, -25, 23)))
    assert recommend(lost, plan).choice == "adapt"


def test_more_cards_than_a_day_bears_are_a_harm(weighed):
    found, plan = weighed["burden"]
    assert recommend(found, plan).choice == "adopt"
    burden = found.reach.burden
    many = burden.cards.model_copy(update={"value": 4.0, "lower": 3.5, "upper": 4.5})
    reach = found.reach.model_copy(
        update={"burden": burden.model_copy(update={"cards": many})}
    )
    got = recommend(found.model_copy(update={"reach": reach}), plan)
    assert got.choice == "adapt"
    assert any(reason.startswith("Burden is shown") for reason in got.reasons)
    unsaid = found.reach.model_copy(update={"burden": None})
    assert recommend(found.model_copy(update={"reach": unsaid}), plan).choice == (
        "extend"
    )


def test_minutes_are_weighed_too(weighed):
    found, plan = weighed["minutes"]
    got = recommend(found, plan)
    assert any("Minutes at cards" in reason for reason in got.reasons)


def test_a_group_that_is_harmed_is_a_harm(weighed):
    found, plan = weighed["groups"]
    assert recommend(found, plan).choice == "adopt"
    worse = Estimate(value=-0.1, lower=-0.15, upper=-0.05, scale="risk_difference")
    first, *rest = found.equity
    hurt = (first.model_copy(update={"shrunken": worse}), *rest)
    got = recommend(found.model_copy(update={"equity": hurt}), plan)
    assert got.choice == "adapt"
    assert any("shown to do harm to" in reason for reason in got.reasons)
    none = found.model_copy(update={"equity": ()})
    assert recommend(none, plan).choice == "extend"


def test_the_rule_in_words_names_each_criterion_and_says_the_same_twice(weighed):
    for name, words in (
        ("net_benefit", "wholly below nought"),
        ("positive", "estimated at nought or below"),
        ("burden", "3 cards of a clinician's day"),
        ("minutes", "3 minutes at cards"),
        ("groups", "on the worse side"),
    ):
        found, plan = weighed[name]
        assert words in explain(plan)
        assert recommend(found, plan) == recommend(found, plan)
        assert rates(found, plan) == ()
    assert "Weighed" not in explain(trial.protocol())


def test_a_decision_over_value_survives_json(weighed):
    found, plan = weighed["net_benefit"]
    bo = Signature(
        name="Bo", at=dt.datetime(2025, 10, 6, tzinfo=dt.UTC), authenticated=False
    )
    signed = decision.run(found, plan, bo, name="x", title="X")
    assert Decision.from_json(signed.to_json()) == signed


@pytest.mark.parametrize(
    ("weighing", "changes", "said"),
    [
        (Weighing(net_benefit="shown"), {"costs": None}, "has costs"),
        (Weighing(most_minutes=3), {"costs": None}, "minutes_per_card"),
        (Weighing(no_group_worse=True), {"equity_groups": ()}, "equity_groups"),
    ],
)
def test_a_criterion_without_what_it_reads_is_refused(weighing, changes, said):
    given = {"costs": priced_trial.costs()} | changes
    rule = DecisionRule(least_worthwhile=0.02, weighing=weighing)
    with pytest.raises(ValueError, match=said):
        trial.protocol(decision_rule=rule, **given)


def test_a_value_is_a_noun_of_its_own(evaluation):
    assert isinstance(evaluation.value, Value)
    assert Costs.from_yaml(priced_trial.costs().to_yaml()) == priced_trial.costs()


def test_a_clinician_s_pseudonym_changes_no_digit():
    """Pseudonyms are drawn anew in every practice; sums are in the order of calls."""
    names = np.array(["b", "a", "b", "c", "a", "c"])
    others = np.array(["1", "3", "1", "2", "3", "2"])
    for found, again in zip(_as_met(names), _as_met(others), strict=True):
        assert found.tolist() == again.tolist()
    assert _as_met(names)[0].tolist() == [0, 1, 0, 2, 1, 2]
    assert _as_met(names)[1].tolist() == [0, 1, 3]
