"""Parts of an evaluation that the truth tests do not look at one by one."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rounds.loop.decision import recommend
from rounds.loop.evaluation.after_adoption.watch import chart_months
from rounds.nouns import (
    DiagnosticError,
    Estimate,
    NotEstimable,
    Posterior,
    Prior,
    PriorComponent,
    UnitResult,
)
from stories import trial


def months(rates, n=400, start=(2025, 1)):
    made = []
    for i, rate in enumerate(rates):
        year, month = divmod(start[1] - 1 + i, 12)
        made.append(
            UnitResult(
                unit=f"{start[0] + year}-{month + 1:02d}",
                denominator=n,
                numerator=round(n * rate),
                value=rate,
            )
        )
    return tuple(made)


def test_a_gain_that_holds_gives_no_signal_and_one_that_is_lost_does():
    """The line is the level just after the change; what was before gives none."""
    before, after = [0.15] * 6, [0.21, 0.20, 0.22, 0.21, 0.20, 0.21]
    held = chart_months(months(before + after), since=dt.date(2025, 7, 1), title="t")
    assert {point.signal for point in held.points} == {"none"}
    assert held.centre_line == pytest.approx(0.21)
    lost = chart_months(
        months([*before, *after, 0.12, 0.11]), since=dt.date(2025, 7, 1), title="t"
    )
    assert [point.signal for point in lost.points][-2:] == ["beyond_limits"] * 2
    assert "2 later month(s) fell below" in lost.note


def test_a_broken_month_is_not_the_first_after_a_change():
    """A change on the 15th counts from the next month."""
    chart = chart_months(
        months([0.1] * 3 + [0.3] * 5), since=dt.date(2025, 3, 15), title="t"
    )
    assert chart.centre_line == pytest.approx(0.3)


def test_too_few_months_say_so():
    """Three months give a line and nothing to hold against it."""
    chart = chart_months(months([0.2] * 9), since=dt.date(2025, 7, 1), title="t")
    assert isinstance(chart, NotEstimable)


def test_effects_by_group_are_drawn_together_and_absent_groups_say_so():
    """Sex and age have effects; without SVI its place says why."""
    evaluation, _ = trial.judged(trial.World(svi=False), 4)
    by = {e.characteristic: e for e in evaluation.equity}
    assert isinstance(by["svi_quartile"].estimate, NotEstimable)
    sexes = [e for e in evaluation.equity if e.characteristic == "sex"]
    assert [e.group for e in sexes] == ["female", "male"]
    assert (
        sum(e.n for e in sexes) == evaluation.flow.arms[0].n + evaluation.flow.arms[1].n
    )
    raw = sexes[1].estimate.value - sexes[0].estimate.value
    drawn = sexes[1].shrunken.value - sexes[0].shrunken.value
    assert abs(drawn) < abs(raw)
    assert {i.characteristic for i in evaluation.interactions} == {"sex", "age"}


def test_a_group_with_few_people_has_no_effect():
    """Fewer than eleven in an arm would not be shown, so nothing is computed."""
    evaluation, _ = trial.judged(trial.World(clinics=8, per_clinic=8), 4)
    ages = [e for e in evaluation.equity if e.characteristic == "svi_quartile"]
    assert any(isinstance(e.estimate, NotEstimable) for e in ages)


def test_exposures_give_reach_adoption_fidelity_and_acceptance():
    """All in the active arm alone; reasons are ranked."""
    reach = trial.judged(trial.World(), 4)[0].reach
    assert reach.reach.value == reach.fidelity.value == 1.0
    assert reach.reach.lower < 1.0
    assert 0.15 < reach.acceptance.value < 0.25
    assert reach.override_reasons[0][0] == "recheck"


def test_the_reach_of_groups_adds_up_to_the_reach():
    """Of each characteristic that is known of everybody."""
    judged, plan = trial.judged(trial.World(), 4)
    groups = judged.reach.by_group
    assert {each.characteristic for each in groups} == set(plan.equity_groups)
    everybody = judged.reach.reach
    for name in ("sex", "age"):
        shares = [each.share for each in groups if each.characteristic == name]
        assert sum(share.n for share in shares) == everybody.n
        assert sum(share.n * share.value for share in shares) == pytest.approx(
            everybody.n * everybody.value
        )


def test_the_posterior_stands_beside_the_estimate():
    """It lies between prior and estimate; without a fitting prior it says why."""
    evaluation, plan = trial.judged(trial.World(), 4)
    posterior, estimate = evaluation.posterior, evaluation.estimate
    assert isinstance(posterior, Posterior)
    low, high = sorted((0.058, estimate.value))
    assert low - 0.003 < posterior.estimate.value < high + 0.003
    width = posterior.estimate.upper - posterior.estimate.lower
    assert width < estimate.upper - estimate.lower
    other = Prior(scale="mean_difference", components=())
    evaluation, _ = trial.judged(trial.World(), 4, plan, trial.evidence(other))
    assert isinstance(evaluation.posterior, NotEstimable)


def test_baseline_balance_is_reported_and_never_tested():
    """Means and standardised differences, and no p-value to be found."""
    evaluation, _ = trial.judged(trial.World(), 4)
    rows = {row.characteristic: row for row in evaluation.balance}
    assert abs(rows["age in years"].standardised_difference) < 0.2
    assert "p_value" not in type(evaluation.balance[0]).model_fields


def analysed(plan, made, known=None):
    known = known or trial.evidence()
    return trial.analyse(
        made, trial.rollout(plan, known), plan, known, receipt="0", snapshot=None
    )


def test_without_a_time_before_go_live_no_rate_is_made_up():
    """The rate stands empty, is not adjusted for, and the limitations say so."""
    made = replace(trial.made(trial.World(), 4), before=None)
    plan = trial.protocol(equity_groups=("age",))
    found = analysed(plan, made)
    row = next(r for r in found.balance if r.characteristic.startswith("clinic's rate"))
    assert (row.active, row.silent, row.standardised_difference) == (None, None, None)
    assert any("nothing is adjusted for it" in said for said in found.limitations)
    plain = analysed(plan.model_copy(update={"covariates": ("stratum",)}), made)
    assert found.estimate.numbers == plain.estimate.numbers


def test_a_balancing_verdict_follows_the_whole_interval():
    """Beyond the margin by its estimate, within it by its worse limit; else open."""
    seen = set()
    for world in (
        trial.World(),
        trial.World(harm=0.06),
        trial.World(harm=0.01),
    ):
        result = trial.judged(world, 4)[0].balancing[0]
        value, _, upper = result.estimate.numbers
        open_or_within = "within_margin" if upper < 0.02 else "uncertain"
        assert result.verdict == ("exceeds_margin" if value > 0.02 else open_or_within)
        seen.add(result.verdict)
    assert seen == {"exceeds_margin", "within_margin", "uncertain"}


def test_a_rise_is_no_harm_where_higher_is_better():
    """The margin lies on the worse side, whichever that is."""
    plan = trial.protocol()
    wanted = plan.endpoints[2].model_copy(update={"better": "higher"})
    plan = plan.model_copy(update={"endpoints": (*plan.endpoints[:2], wanted)})
    result = trial.judged(trial.World(harm=0.06), 4, plan)[0].balancing[0]
    assert result.verdict == "within_margin"


def test_a_worthwhile_fall_is_less_likely_than_any_fall():
    """Where lower is better, both probabilities count falls."""
    plan = trial.protocol()
    primary = plan.endpoints[0].model_copy(update={"better": "lower"})
    plan = plan.model_copy(update={"endpoints": (primary, *plan.endpoints[1:])})
    vague = PriorComponent(weight=1.0, mean=0.0, sd=0.5, role="vague")
    known = trial.evidence(Prior(scale="risk_difference", components=(vague,)))
    evaluation, _ = trial.judged(trial.World(effect=-0.03), 4, plan, known)
    posterior = evaluation.posterior
    assert 0.5 < posterior.probability_benefit < 1
    assert posterior.probability_worthwhile < posterior.probability_benefit


def test_an_interaction_is_that_of_the_last_group_with_the_first():
    """An effect on the oldest alone shows whole; the group between has no part."""
    made = trial.made(trial.World(effect=0.0), 4)
    rows = made.endpoints[str(trial.PRIMARY)]
    active = np.array([made.allocation[site][0] == "active" for site in rows.care_site])
    cured = np.where(active & (rows.age >= 65), 1.0, rows.value)
    endpoints = dict(made.endpoints)
    endpoints[str(trial.PRIMARY)] = replace(
        rows, value=cured, numerator=cured.astype(bool)
    )
    found = analysed(
        trial.protocol(equity_groups=("age",)), replace(made, endpoints=endpoints)
    )
    assert found.interactions[0].contrast == "65-85 minus 18-44"
    assert found.interactions[0].estimate.value == pytest.approx(0.85, abs=0.08)


def test_no_primary_rows_give_an_evaluation_without_a_number():
    """A datamart that cannot answer seals nothing up as nought."""
    plan, known = trial.protocol(), trial.evidence()
    made = trial.made(trial.World(clinics=6, per_clinic=10), 1)
    absent = {
        key: NotEstimable(reason="no drugs in the data") for key in made.endpoints
    }
    bare = trial.TrialRows(
        endpoints=absent, before=None, calls=made.calls,
        allocation=made.allocation, units={},
    )  # fmt: skip
    evaluation = trial.analyse(
        bare, trial.rollout(plan, known), plan, known, receipt="0", snapshot=None
    )
    assert isinstance(evaluation.estimate, NotEstimable)
    assert "no drugs" in evaluation.estimate.reason
    assert recommend(evaluation, plan).choice == "extend"
    assert [arm.n for arm in evaluation.flow.arms] == [0, 0]


def test_permuting_rows_changes_nothing():
    """The order of the datamart's rows is no part of the answer."""
    plan, known = trial.protocol(), trial.evidence()
    made = trial.made(trial.World(clinics=10, per_clinic=30), 1)
    first = trial.analyse(
        made, trial.rollout(plan, known), plan, known, receipt="0", snapshot=None
    )
    order = np.random.default_rng(1).permutation(
        len(made.endpoints[str(trial.PRIMARY)])
    )
    shuffled = {
        key: type(rows)(
            **{
                name: None if part is None else part[order]
                for name, part in vars(rows).items()
            }
        )
        for key, rows in made.endpoints.items()
    }
    second = trial.analyse(
        trial.TrialRows(
            endpoints=shuffled, before=made.before, calls=made.calls,
            allocation=made.allocation, units=made.units,
        ),
        trial.rollout(plan, known), plan, known, receipt="0", snapshot=None,
    )  # fmt: skip
    assert isinstance(first.estimate, Estimate)
    assert first.estimate.numbers == pytest.approx(second.estimate.numbers)
    assert first.diagnostics == second.diagnostics


def test_no_row_of_a_person_stands_in_an_evaluation():
    """Neither identifiers nor small counts are in its words."""
    evaluation, _ = trial.judged(trial.World(clinics=12, per_clinic=20), 3)
    text = evaluation.to_json()
    assert "patient-" not in text
    assert "clinic-0" not in text
    assert repr(trial.made(trial.World(clinics=4), 1)) == "<trial: 3 endpoints>"


def test_a_sealed_estimate_refuses_its_numbers_together_too():
    """There is no side door to the value and its limits."""
    sealed = Estimate(scale="risk_difference", sealed="sample_ratio failed")
    with pytest.raises(DiagnosticError):
        sealed.numbers  # noqa: B018
    assert Estimate(value=1, lower=0, upper=2, scale="mean").numbers == (1, 0, 2)
