"""Control charts: what is always so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rounds.methods import spc

FEW = settings(max_examples=60, deadline=None, derandomize=True)
NUMBER = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
VALUES = st.lists(NUMBER, min_size=3, max_size=40)


def made(chart, *arguments, **options):
    """Draw a chart; None where it says in words why it cannot."""
    said = ""
    try:
        return chart(*arguments, **options)
    except ValueError as error:
        said = str(error)
    assert len(said) > 20
    return None


@st.composite
def proportions(draw):
    totals = draw(st.lists(st.integers(1, 400), min_size=2, max_size=30))
    return [draw(st.integers(0, n)) for n in totals], totals


def sound(chart):
    n = chart.value.size
    for name in ("centre", "lower", "upper", "near_lower", "near_upper"):
        line = getattr(chart, name)
        assert line.shape == (n,)
        assert np.isfinite(line).all()
    assert np.isfinite(chart.level).all()
    assert (chart.lower <= chart.near_lower).all()
    assert (chart.near_upper <= chart.upper).all()
    assert (chart.lower <= chart.upper).all()
    for rules in spc.RULES.values():
        signals = rules(chart)
        assert signals.any.shape == (n,)
        # A signal has a direction, and what has none is no signal.
        assert (signals.any == (signals.direction != 0)).all()
        spc.variation(chart, signals, "increase")


@FEW
@given(proportions())
def test_charts_of_counts_hold_only_numbers(pair):
    x, n = pair
    charts = [spc.p_chart, spc.p_prime_chart, spc.u_chart, spc.u_prime_chart]
    for chart in charts:
        found = made(chart, x, n)
        if found is not None:
            sound(found)
    for chart in (spc.c_chart, spc.g_chart):
        found = made(chart, x)
        if found is not None:
            sound(found)


@FEW
@given(VALUES)
def test_charts_of_values_hold_only_numbers(values):
    for chart in (spc.xmr_chart, spc.moving_range_chart):
        found = made(chart, values)
        if found is not None:
            sound(found)
    found = made(spc.t_chart, np.abs(values) + 0.001)
    if found is not None:
        sound(found)


@FEW
@given(VALUES, st.floats(0.01, 100), st.floats(-1000, 1000))
def test_units_of_measurement_change_nothing(values, factor, offset):
    """An XmR chart in other units has the same signals, and lines in those units."""
    chart = made(spc.xmr_chart, values)
    if chart is None or np.ptp(values) < 1:
        return
    other = spc.xmr_chart(np.array(values) * factor + offset)
    assert other.centre_line == pytest.approx(
        chart.centre_line * factor + offset, rel=1e-6, abs=1e-6
    )
    reach = chart.upper[0] - chart.centre[0]
    assert other.upper[0] - other.centre[0] == pytest.approx(reach * factor, rel=1e-6)


@FEW
@given(proportions())
def test_failures_mirror_successes(pair):
    """A p chart of those who did not is the same chart upside down."""
    x, n = map(np.array, pair)
    chart, other = made(spc.p_chart, x, n), made(spc.p_chart, n - x, n)
    assert (chart is None) == (other is None)
    if chart is not None:
        assert 1 - chart.centre == pytest.approx(other.centre)
        assert 1 - chart.lower == pytest.approx(other.upper)
        assert (spc.nhs(chart).direction == -spc.nhs(other).direction).all()


@FEW
@given(VALUES, st.integers(2, 20))
def test_what_comes_after_a_frozen_baseline_moves_no_line(values, length):
    x = np.array(values)
    used = spc.first_of_each_phase(x.size, (), length)
    chart = made(spc.xmr_chart, x, used)
    if chart is None:
        return
    moved = x.copy()
    moved[length:] += 1000
    other = spc.xmr_chart(moved, used)
    assert (other.centre == chart.centre).all()
    assert (other.upper == chart.upper).all()


@FEW
@given(VALUES, VALUES)
def test_phases_know_nothing_of_each_other(first, second):
    """Two phases are two charts side by side, and their signals too."""
    one, two = made(spc.xmr_chart, first), made(spc.xmr_chart, second)
    if one is None or two is None:
        return
    start = len(first)
    both = spc.xmr_chart(
        [*first, *second], phases=[spc.Phase(start=start, reason="moved house")]
    )
    assert (both.upper == np.r_[one.upper, two.upper]).all()
    for rules in spc.RULES.values():
        joined = np.r_[rules(one).any, rules(two).any]
        assert (rules(both).any == joined).all()


@FEW
@given(st.floats(0.001, 0.999), st.integers(10, 40))
def test_a_constant_share_is_no_signal(rate, n):
    """Rounding of its pooled value would put every point on one side."""
    totals = np.full(n, 1000)
    successes = np.full(n, round(1000 * rate) or 1)
    chart = spc.p_chart(successes, totals)
    assert not spc.anhoj(chart).is_signal
    assert not spc.nhs(chart).is_signal
