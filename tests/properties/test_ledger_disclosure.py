"""What leaves the house shows no small count, whichever noun carries it."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.ledger import Ledger, safe, safe_populations, safe_results
from rounds.nouns import (
    Aim,
    ArmSummary,
    BalanceRow,
    BalancingResult,
    ChartPoint,
    ControlChart,
    Difference,
    EquityEffect,
    Estimate,
    Evaluation,
    Flow,
    MeasureResult,
    NotEstimable,
    Period,
    Problem,
    Reach,
    Ref,
    UnitResult,
    Variation,
)

NONE = NotEstimable(reason="not needed here")
PERIOD = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))


def ref(kind: str) -> Ref:
    return Ref(name=f"{kind}/x", version="1", hash="0" * 64)


def unit(name: str, d: int, k: int) -> UnitResult:
    value = k / d if d else None
    return UnitResult(
        unit=name, denominator=d, numerator=k, value=value, lower=0.0, upper=1.0
    )


def proportion(d: int, k: int) -> Estimate:
    return Estimate(value=k / d, lower=0.0, upper=1.0, scale="proportion", n=d)


def problem(units, groups=(), chart=NONE, **changes) -> Problem:
    d, k = (
        sum(getattr(u, part) for u in units) for part in ("denominator", "numerator")
    )
    differences = (
        (
            Difference(
                characteristic="sex", groups=tuple(groups), gap=proportion(50, 25)
            ),
        )
        if groups
        else ()
    )
    given_fields = {
        "name": "x",
        "title": "X",
        "measure": ref("measure"),
        "period": PERIOD,
        "units": tuple(units),
        "baseline": proportion(d, k) if d else NONE,
        "variation": Variation(
            n_units=len(units), target=k / d if d else 0.5, phi=1.23456789, tau2=0.1
        ),
        "chart": chart,
        "differences": differences,
        "gap_to_best": NONE,
        "aim": Aim(measure="x", target=0.7, by=dt.date(2026, 1, 1)),
        "owner": "Bo Lind",
        "community": ref("community"),
    }
    return Problem(**(given_fields | changes))


def evaluation(arms, **changes) -> Evaluation:
    given_fields = {
        "name": "x",
        "title": "X",
        "rollout": ref("rollout"),
        "protocol": ref("protocol"),
        "evidence": ref("evidence"),
        "receipt": "0" * 64,
        "estimate": NONE,
        "diagnostics": (),
        "balancing": (),
        "flow": Flow(assessed=None, randomised_units=40, arms=arms),
        "reach": Reach(reach=NONE, adoption=NONE, fidelity=NONE, acceptance=NONE),
        "posterior": NONE,
    }
    return Evaluation(**(given_fields | changes))


def arm(name: str, n: int, k: int) -> ArmSummary:
    return ArmSummary(arm=name, n_units=20, n=n, numerator=k, value=k / n)


UNITS = st.lists(
    st.integers(0, 60).flatmap(lambda d: st.tuples(st.just(d), st.integers(0, d))),
    min_size=1,
    max_size=8,
)


@given(UNITS)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_no_shown_unit_is_small_nor_is_what_subtraction_leaves(cells):
    units = [unit(f"site {i}", d, k) for i, (d, k) in enumerate(cells)]
    shown = safe(problem(units))
    left = np.array([0, 0])
    for before, after in zip(units, shown.units, strict=True):
        if after.suppressed:
            assert after == UnitResult(unit=before.unit, suppressed=True)
            left += [before.denominator, before.numerator]
            continue
        assert after == before
        d, k = after.denominator, after.numerator
        assert not {d, k, d - k} & set(range(1, 11))
    if isinstance(shown.baseline, Estimate):  # the total is known
        assert not {left[0], left[1], left[0] - left[1]} & set(range(1, 11))


@given(UNITS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_doing_it_twice_changes_nothing_and_the_noun_stays_valid(cells):
    units = [unit(f"site {i}", d, k) for i, (d, k) in enumerate(cells)]
    once = safe(problem(units, groups=units[:2]))
    assert safe(once) == once
    assert Problem.from_json(once.to_json()) == once


def test_json_says_null_and_suppressed_true():
    units = [unit("a", 40, 20), unit("b", 9, 4), unit("c", 60, 30)]
    text = safe(problem(units)).to_json()
    hidden = (
        '{"denominator":null,"lower":null,"numerator":null,"suppressed":true,'
        '"unit":"b","upper":null,"value":null}'
    )
    assert hidden in text


def test_a_group_hidden_hides_the_gap_that_would_give_it_back():
    groups = [unit("F", 50, 25), unit("M", 50, 4)]
    shown = safe(problem([unit("a", 100, 29)], groups=groups))
    assert all(group.suppressed for group in shown.differences[0].groups)
    assert isinstance(shown.differences[0].gap, NotEstimable)


def test_a_total_hidden_in_one_table_is_not_given_back_by_another():
    units = [unit(f"site {i}", 1, i % 2) for i in range(80)]
    groups = [unit("F", 40, 20), unit("M", 40, 20)]
    gap = Estimate(value=9.0, lower=2.0, upper=20.0, scale="count", n=80)
    shown = safe(problem(units, groups=groups, gap_to_best=gap))
    assert isinstance(shown.baseline, NotEstimable)
    assert isinstance(shown.gap_to_best, NotEstimable)
    assert isinstance(shown.variation, NotEstimable)
    assert all(u.suppressed for u in (*shown.units, *shown.differences[0].groups))


def test_statistics_made_from_hidden_units_keep_three_digits():
    units = [unit("a", 40, 20), unit("b", 9, 4), unit("c", 60, 30)]
    shown = safe(problem(units)).variation
    assert (shown.phi, shown.tau2) == (1.23, 0.1)
    whole = safe(problem([unit("a", 40, 20), unit("c", 60, 30)])).variation
    assert whole.phi == 1.23456789


def test_months_with_few_patients_lose_their_limits_as_well():
    points = tuple(
        ChartPoint(label=m, denominator=d, value=v, lower=0.1, upper=0.9)
        for m, d, v in (
            ("2024-01", 40, 0.5),
            ("2024-02", 8, 0.5),
            ("2024-03", 50, 0.04),
        )
    )
    chart = ControlChart(title="x", chart="p", centre_line=0.3877551, points=points)
    shown = safe(chart)
    assert [point.suppressed for point in shown.points] == [True, True, True] or [
        point.suppressed for point in shown.points
    ] == [False, True, True]
    assert shown.points[1] == ChartPoint(label="2024-02", suppressed=True)
    assert shown.centre_line is None
    assert {(point.lower, point.upper) for point in shown.points} == {(None, None)}


def test_arms_with_few_events_are_hidden_and_the_estimate_keeps_three_decimals():
    crude = Estimate(
        value=7 / 900 - 25 / 850,
        lower=-0.0412345,
        upper=-0.0012345,
        scale="risk_difference",
        n=1750,
    )
    balancing = BalancingResult(
        name="low pressure",
        estimate=crude,
        margin=0.02,
        verdict="within_margin",
        arms=(arm("active", 900, 7), arm("silent", 850, 25)),
    )
    noun = evaluation(
        (arm("active", 900, 400), arm("silent", 850, 300)), balancing=(balancing,)
    )
    shown = safe(noun)
    assert shown.flow.arms == noun.flow.arms
    assert all(each.suppressed for each in shown.balancing[0].arms)
    estimate = shown.balancing[0].estimate
    assert (estimate.value, estimate.lower, estimate.upper) == (-0.022, -0.042, -0.001)
    assert Evaluation.from_json(shown.to_json()) == shown
    assert safe(shown) == shown


def test_an_arm_of_few_randomised_patients_hides_its_units_too():
    few = ArmSummary(arm="active", n_units=8, n=8, numerator=0, value=0.0)
    many = ArmSummary(arm="silent", n_units=60, n=60, numerator=30, value=0.5)
    shown = safe(evaluation((few, many))).flow.arms
    assert [each.n_units for each in shown] == [None, None]


def test_one_small_exclusion_hides_the_number_assessed():
    arms = (arm("active", 900, 400), arm("silent", 850, 300))
    flow = Flow(
        assessed=1800,
        excluded=(("opted out", 5), ("too young", 45)),
        randomised_units=40,
        arms=arms,
    )
    shown = safe(evaluation(arms, flow=flow)).flow
    assert shown.excluded == (("opted out", None), ("too young", 45))
    assert shown.assessed is None
    assert shown.arms == arms


def test_small_equity_groups_lose_number_and_estimate_with_one_more():
    effect = Estimate(value=0.1, lower=0.0, upper=0.2, scale="risk_difference", n=6)
    groups = tuple(
        EquityEffect(characteristic="svi_quartile", group=str(q), n=n, estimate=effect)
        for q, n in ((1, 6), (2, 500), (3, 600), (4, 644))
    )
    arms = (arm("active", 900, 400), arm("silent", 850, 300))
    shown = safe(evaluation(arms, equity=groups)).equity
    assert [group.suppressed for group in shown] == [True, True, False, False]
    assert isinstance(shown[0].estimate, NotEstimable)
    assert shown[0].n is None


def test_rates_that_give_a_count_back_are_withheld():
    arms = (arm("active", 200, 100), arm("silent", 200, 100))
    reach = Reach(
        reach=proportion(200, 4),
        adoption=proportion(20, 12),  # clinics, not persons
        fidelity=proportion(500, 500),
        acceptance=proportion(300, 296),
        override_reasons=(("not now", 3), ("declined", 1)),
    )
    rows = (
        BalanceRow(characteristic="on dialysis", active=0.02, silent=0.1),
        BalanceRow(characteristic="women", active=0.5, silent=0.48),
    )
    shown = safe(evaluation(arms, reach=reach, balance=rows))
    assert isinstance(shown.reach.reach, NotEstimable)
    assert isinstance(shown.reach.acceptance, NotEstimable)
    assert shown.reach.adoption == reach.adoption
    assert shown.reach.fidelity == reach.fidelity
    assert shown.reach.override_reasons == (("not now", None), ("declined", None))
    assert shown.balance == (BalanceRow(characteristic="on dialysis"), rows[1])


def test_a_sealed_estimate_passes_without_being_read():
    sealed = Estimate(sealed="the sample ratio failed", scale="risk_difference", n=900)
    arms = (arm("active", 900, 4), arm("silent", 850, 300))
    assert safe(evaluation(arms, estimate=sealed)).estimate == sealed


def test_sentences_lose_their_small_counts():
    arms = (arm("active", 900, 400), arm("silent", 850, 300))
    noun = evaluation(
        arms, limitations=("Outcomes are missing for 3 of 1,750 patients.",)
    )
    shown = safe(noun)
    assert shown.limitations == ("Outcomes are missing for 1–10 of 1,750 patients.",)
    assert safe(NotEstimable(reason="2 clinics of 40 had no cards")).reason == (
        "2 clinics of 40 had no cards"
    )


def test_the_ledger_stores_and_points_at_the_safe_version(tmp_path):
    noun = problem([unit("a", 40, 20), unit("b", 9, 4), unit("c", 60, 30)])
    with Ledger.open(tmp_path / "r.sqlite") as ledger:
        receipt = ledger.publish(
            noun, at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), by="x"
        )
        assert receipt.ref == safe(noun).ref() != noun.ref()
        assert ledger.read(receipt.ref) == safe(noun)
        assert (
            ledger.publish(noun, at=dt.datetime(2025, 1, 2, tzinfo=dt.UTC), by="x")
            == receipt
        )
        ledger.export(tmp_path / "out")
    exported = b"".join(p.read_bytes() for p in (tmp_path / "out").rglob("*.yaml"))
    assert b"numerator: 4\n" not in exported


def test_results_keep_their_order_and_a_small_whole_is_hidden():
    units = (unit("a", 6, 3), unit("b", 3, 1))
    shown, whole = safe_results(units, unit("all", 9, 4))
    assert [each.unit for each in shown] == ["a", "b"]
    assert all(each.suppressed for each in shown)
    assert whole.suppressed


def test_means_are_hidden_by_their_denominator_alone():
    few = UnitResult(unit="a", denominator=4, value=141.5, lower=130.0, upper=150.0)
    many = UnitResult(unit="b", denominator=400, value=141.5, lower=140.0, upper=143.0)
    rest = UnitResult(unit="c", denominator=90, value=140.0, lower=138.0, upper=142.0)
    shown, _ = safe_results((few, many, rest))
    assert [each.suppressed for each in shown] == [True, False, True]


@pytest.mark.parametrize(
    ("populations", "hidden"),
    [
        ({"initial_population": 100, "denominator": 100}, set()),
        ({"initial_population": 100, "denominator": 95}, {"denominator"}),
        (
            {"initial_population": 500, "denominator_exclusion": 5, "denominator": 495},
            {"denominator_exclusion", "denominator"},
        ),
        (
            {"initial_population": 500, "denominator": 400, "numerator": 393},
            {"numerator"},
        ),
    ],
)
def test_populations_one_within_the_other_are_not_subtracted(populations, hidden):
    shown = safe_populations(populations)
    assert {name for name, count in shown.items() if count is None} == hidden


def test_adoption_by_patients_counts_persons():
    arms = tuple(
        ArmSummary(arm=name, n_units=200, n=200, numerator=100, value=0.5)
        for name in ("active", "silent")
    )
    reach = Reach(
        reach=NONE, adoption=proportion(200, 4), fidelity=NONE, acceptance=NONE
    )
    shown = safe(evaluation(arms, reach=reach))
    assert isinstance(shown.reach.adoption, NotEstimable)


def test_a_measure_s_result_is_hidden_in_every_part():
    result = MeasureResult(
        measure=ref("measure"),
        period=PERIOD,
        populations={"initial_population": 130, "denominator": 109, "numerator": 54},
        overall=unit("all", 109, 54),
        by=(unit("a", 40, 20), unit("b", 9, 4), unit("c", 60, 30)),
        limitations=("9 patients have no reading.",),
    )
    shown = safe(result)
    assert [each.suppressed for each in shown.by] == [True, True, False]
    assert shown.overall == result.overall
    assert shown.populations == result.populations
    assert shown.limitations == ("1–10 patients have no reading.",)
    assert MeasureResult.from_json(shown.to_json()) == shown
    small = result.model_copy(update={"by": (), "overall": unit("all", 109, 4)})
    hidden = safe(small.model_copy(update={"populations": {"denominator": 109}}))
    assert hidden.overall.suppressed
    assert hidden.populations == {"denominator": None}


def test_populations_do_not_give_back_what_the_whole_shows():
    """The denominator stands beside them: 100 and 95 would say that 5 were left out."""
    counts = {"initial_population": 100, "denominator_exclusion": 5, "denominator": 95}
    shown = safe_populations(counts, unit("all", 95, 50))
    assert shown == {
        "initial_population": None,
        "denominator_exclusion": None,
        "denominator": 95,
    }
