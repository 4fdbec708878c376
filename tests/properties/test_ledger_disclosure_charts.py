"""What a control chart with hidden months may still tell."""

import datetime as dt
from functools import partial

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rounds.conduct.anew import redrawn
from rounds.ledger import safe
from rounds.loop.evaluation.after_adoption.watch import chart_months
from rounds.loop.problem.trend import chart_of
from rounds.nouns import ChartPhase, ChartPoint, ControlChart, UnitResult

CELLS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=12, max_size=18
)


def months(counts):
    return tuple(
        UnitResult(
            unit=f"{2023 + i // 12}-{i % 12 + 1:02d}",
            denominator=yes + no,
            numerator=yes,
        )
        for i, (yes, no) in enumerate(counts)
        if yes + no
    )


def test_phases_and_icons_tell_nothing_of_hidden_months():
    """Nothing is left of what hidden months went into: levels, limits, signals, icons."""
    points = tuple(
        ChartPoint(
            label=f"2024-{i + 1:02d}",
            denominator=d,
            value=v,
            lower=0.1,
            upper=0.9,
            centre_line=0.3877551 if i < 3 else None,
            signal="shift",
            direction="high",
        )
        for i, (d, v) in enumerate([(40, 0.5)] * 5 + [(8, 0.5)])
    )
    chart = ControlChart(
        title="x",
        chart="p",
        centre_line=0.4123456,
        points=points,
        sigma_z=1.2345,
        longest_run=6,
        n_crossings=0,
        phases=(
            ChartPhase(start="2024-01", centre_line=0.3877551, sigma_z=1.2345),
            ChartPhase(start="2024-04", reason="moved", centre_line=0.4123456),
        ),
        variation="concern",
        assurance="fail",
        note="Limits are 1.23 times as wide.",
    )
    shown = safe(chart)
    assert shown.points[-1] == ChartPoint(label="2024-06", suppressed=True)
    assert ChartPoint(label="2024-02", denominator=40, value=0.5) in shown.points
    assert [phase.reason for phase in shown.phases] == ["", "moved"]
    told = shown.to_json()
    for number in ("387", "412", "1.23", "concern", "fail", 'longest_run": 6'):
        assert number not in told, number
    assert safe(shown) == shown


@settings(max_examples=60, deadline=None, derandomize=True)
@given(CELLS, st.data())
def test_a_chart_tells_the_same_whatever_its_hidden_months_are(counts, data):
    """Lines drawn anew are those of the months that are shown, to the last digit."""
    exact = chart_of(months(counts), title="x", improvement="increase")
    assume(isinstance(exact, ControlChart))
    shown = safe(exact)
    hidden = [i for i, point in enumerate(shown.points) if point.suppressed]
    assume(hidden)
    small = st.tuples(st.integers(1, 4), st.integers(1, 4))
    other = [
        data.draw(small) if shown_one.suppressed else count
        for count, shown_one in zip(
            [c for c in counts if sum(c)], shown.points, strict=True
        )
    ]
    changed = chart_of(months_like(exact, other), title="x", improvement="increase")
    assume(isinstance(changed, ControlChart))
    again = safe(changed)
    assume([p.suppressed for p in again.points] == [p.suppressed for p in shown.points])
    draw = partial(chart_of, title="x", improvement="increase")
    assert redrawn(again, draw) == redrawn(shown, draw)


def months_like(chart, counts):
    return tuple(
        UnitResult(unit=point.label, denominator=yes + no, numerator=yes)
        for point, (yes, no) in zip(chart.points, counts, strict=True)
    )


def test_lines_come_back_from_the_months_that_are_shown():
    luck = np.random.default_rng(5)
    counts = [(int(k), 50 - int(k)) for k in luck.binomial(50, 0.5, 14)]
    counts[3], counts[9] = (2, 5), (4, 3)
    draw = partial(chart_of, title="x")
    shown = redrawn(safe(draw(months(counts))), draw)
    kept = [point for point in shown.points if not point.suppressed]
    hidden = [i for i, point in enumerate(shown.points) if point.suppressed]
    assert {3, 9} <= set(hidden)
    assert len(hidden) < 5
    alone = [month for i, month in enumerate(months(counts)) if i not in hidden]
    of_those = chart_of(alone, title="x")
    assert shown.centre_line == of_those.centre_line
    assert tuple(kept) == of_those.points


def test_a_watch_is_drawn_from_the_months_that_are_shown():
    luck = np.random.default_rng(6)
    counts = [(int(k), 400 - int(k)) for k in luck.binomial(400, 0.4, 14)]
    counts[5] = (3, 4)
    since = dt.date(2023, 5, 1)
    draw = partial(chart_months, since=since, title="x")
    shown = redrawn(safe(draw(months(counts))), draw)
    hidden = [point.suppressed for point in shown.points]
    assert any(hidden)
    alone = tuple(
        month for month, hide in zip(months(counts), hidden, strict=True) if not hide
    )
    assert shown.centre_line == draw(alone).centre_line
    assert redrawn(shown, draw) == shown
