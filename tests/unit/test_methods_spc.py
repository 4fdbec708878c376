"""Charts refuse in words what they cannot answer, and say what they found in one sign."""

import numpy as np
import pytest

from rounds.methods import spc

NAN = float("nan")
PHASE = spc.Phase(start=3, reason="new ward")


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: spc.p_chart([1, 2], [0, 5]), "each total is a finite number"),
        (lambda: spc.p_chart([6, 2], [5, 5]), "between 0 and their total"),
        (lambda: spc.p_chart([-1, 2], [5, 5]), "between 0 and their total"),
        (lambda: spc.p_chart([1.5, 2], [5, 5]), "whole numbers"),
        (lambda: spc.p_chart([0, 0], [5, 5]), "no width"),
        (lambda: spc.p_chart([5, 5], [5, 5]), "no width"),
        (lambda: spc.p_chart([], []), "shape"),
        (lambda: spc.p_prime_chart([1], [5]), "at least two points"),
        (lambda: spc.p_prime_chart([1, 1, 1], [5, 5, 5]), "never differ"),
        (lambda: spc.p_prime_chart([3, 3, 3], [10, 10, 10]), "never differ"),
        (lambda: spc.u_chart([1, 2], [1.0, 0.0]), "1 of 2 exposures are 0 or below"),
        (lambda: spc.u_chart([1, 2], [1.0]), "1 exposures for 2 points"),
        (lambda: spc.u_chart([1, NAN], [1.0, 1.0]), "1 of 2 events are not finite"),
        (lambda: spc.u_prime_chart([0, 0], [1.0, 1.0]), "no width"),
        (lambda: spc.c_chart([1, -2]), "none below 0"),
        (lambda: spc.c_chart([0, 0, 0]), "no width"),
        (lambda: spc.g_chart([1.5, 2]), "whole numbers"),
        (lambda: spc.g_chart([0, 0]), "2 of 2 gaps are 0"),
        (lambda: spc.g_chart([0, 7, 0], limits="probability"), "2 of 3 gaps are 0"),
        (lambda: spc.t_chart([1.0, 0.0]), "1 of 2 times are 0 or below"),
        (lambda: spc.xmr_chart([1.0]), "2 or more"),
        (lambda: spc.xmr_chart([2.0, 2.0, 2.0]), "never differ"),
        (lambda: spc.xmr_chart([0.1 * 3, 0.3, 0.1 * 3]), "never differ"),
        (lambda: spc.xmr_chart(["a", "b"]), "values are numbers"),
        (lambda: spc.xmr_chart([1, NAN, 3]), "1 of 3 values are not finite"),
        (lambda: spc.xmr_chart([1, 2, 3], [False] * 3), "at least one of the 3"),
        (lambda: spc.xmr_chart([1, 2, 3], [True]), "at least one of the 3"),
        (lambda: spc.xmr_chart([1, 2, 3], factor=0), "more than 0 ranges"),
        (lambda: spc.moving_range_chart([1.0, 1.0, 1.0]), "never differ"),
        (lambda: spc.subgroups([1.0, 2.0, 3.0], ["a", "a", "b"]), "one value only"),
        (lambda: spc.subgroups([1.0, 2.0, 3.0, 4.0, 5.0], list("aabba")), "stand together"),
        (lambda: spc.subgroups([1.0, 2.0], ["a"]), "1 labels for 2 values"),
        (lambda: spc.xbar_chart(spc.subgroups([1.0, 1.0, 2.0, 2.0], list("aabb"))), "never differ within"),
        (lambda: spc.propose_counts([0, 0]), "no event at all"),
        (lambda: spc.propose_counts([5, 5], [5, 5]), "no variation"),
        (lambda: spc.first_of_each_phase(5, (), 0), "at least one point"),
    ],
)  # fmt: skip
def test_what_cannot_be_charted_is_refused_in_words(draw, words):
    with pytest.raises(ValueError, match=words):
        draw()


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ([spc.Phase(start=3, reason="  ")], "has no reason"),
        ([spc.Phase(start=9, reason="late")], "within the chart's 8 points"),
        ([PHASE, PHASE], "one after another"),
        ([spc.Phase(start=7, reason="too late to tell")], "at least two points"),
    ],
)
def test_a_phase_needs_a_place_and_a_reason(phases, words):
    with pytest.raises(ValueError, match=words):
        spc.xmr_chart([1, 3, 2, 4, 1, 3, 2, 4], phases=phases)


def test_a_phase_needs_a_baseline_of_its_own():
    with pytest.raises(
        ValueError, match="no point of the phase that begins at point 4"
    ):
        spc.xmr_chart([1, 3, 2, 4, 1], [True] * 3 + [False] * 2, phases=[PHASE])


def test_a_season_seen_once_is_no_season():
    with pytest.raises(ValueError, match="at least twice"):
        spc.xmr_chart(range(13), season=np.arange(13) % 12)
    with pytest.raises(ValueError, match="3 seasons for 4 points"):
        spc.xmr_chart([1, 2, 3, 4], season=[0, 1, 0])


def test_seasons_of_a_p_chart_have_their_own_proportions():
    chart = spc.p_chart([10, 30] * 4, [100] * 8, season=[0, 1] * 4)
    assert chart.centre.tolist() == [0.1, 0.3] * 4
    assert chart.centre_line == 0.2
    assert not chart.side.any()


def chart_of(*values):
    return spc.xmr_chart([5, 6, 5, 6, 5, 6, 5, 6, 5, 6, *values])


@pytest.mark.parametrize(
    ("last", "improvement", "icon"),
    [
        (5, "increase", "common_cause"),
        (19, "increase", "improvement_high"),
        (19, "decrease", "concern_high"),
        (19, None, "neutral_high"),
        (-9, "increase", "concern_low"),
        (-9, "decrease", "improvement_low"),
        (-9, None, "neutral_low"),
    ],
)
def test_the_latest_point_gives_the_variation_icon(last, improvement, icon):
    chart = chart_of(last)
    for rules in spc.RULES.values():
        assert spc.variation(chart, rules(chart), improvement) == icon


def test_too_few_crossings_are_a_special_cause_by_anhoj():
    """Six low, six high, six low, six high: no run is long, but the line is rarely met."""
    chart = spc.xmr_chart(([1.0, -5.0] * 3 + [3.0, 9.0] * 3) * 2)
    found = spc.anhoj(chart)
    assert not found.points["shift"].any()
    assert found.few_crossings == (True,)
    assert spc.variation(chart, found, "increase") == "neutral_high"
    assert spc.nhs(chart).few_crossings == ()


@pytest.mark.parametrize(
    ("target", "improvement", "icon"),
    [
        (100, "increase", "fail"),
        (100, "decrease", "pass"),
        (-100, "increase", "pass"),
        (-100, "decrease", "fail"),
        (5.5, "increase", "hit_or_miss"),
        (5.5, None, None),
    ],
)
def test_the_target_against_the_limits_gives_the_assurance_icon(
    target, improvement, icon
):
    assert spc.assurance(chart_of(), target, improvement) == icon


def test_a_target_is_a_number():
    with pytest.raises(ValueError, match="finite"):
        spc.assurance(chart_of(), NAN, "increase")


def test_a_trend_gives_its_direction_even_on_the_other_side_of_the_centre():
    """A fall that begins above the centre is a fall."""
    chart = spc.xmr_chart([5, 9, 5, 9, 5, 9, 8.5, 8, 7.5, 7, 6.5, 6, 5, 9, 5, 9])
    found = spc.nhs(chart)
    assert found.points["trend"][5:12].all()
    assert (found.direction[5:12] == -1).all()
    assert chart.side[5] == 1


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ([12, 9, 11, 10, 13, 8, 12, 10], "c"),
        ([2, 30, 3, 28, 4, 40, 2, 25], "xmr"),
        ([0, 0, 1, 0, 0, 0, 1, 0], "c"),
    ],
)
def test_counts_without_denominators_get_a_chart_of_counts(counts, kind):
    found = spc.propose_counts(counts)
    assert found.kind == kind
    assert found.reason.endswith(".")


def test_rare_events_are_pointed_to_charts_of_gaps():
    assert "g or t" in spc.propose_counts([0, 0, 1, 0, 0, 0, 1, 0]).reason


def test_values_get_a_chart_by_how_many_there_are_at_once():
    assert spc.propose_values([1.0, 2.0, 3.0]).kind == "xmr"
    assert spc.propose_values([1.0, 2.0, 3.0, 4.0], n_subgroups=2).kind == "xbar"
