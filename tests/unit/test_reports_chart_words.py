"""Two sentences that a patient partner understands, and that say no more than the chart."""

import numpy as np
import pytest

from rounds.nouns import ChartPhase, ChartPoint, ControlChart
from rounds.reports.chart_table import chart_csv, chart_rows
from rounds.reports.chart_words import chart_sentences
from rounds.reports.figures.control import control_of
from rounds.reports.plain_language import HIGHEST_GRADE, flesch_kincaid_grade


def told(*latest, n=12, kind="p", value=0.5, **more):
    """A chart of a level series whose latest points are as given."""
    flat = [
        ChartPoint(label=f"2025-{i + 1:02d}", value=value, lower=0.4, upper=0.6)
        for i in range(n - len(latest))
    ]
    last = [
        ChartPoint(label=f"2026-{i + 1:02d}", lower=0.4, upper=0.6, **point)
        for i, point in enumerate(latest)
    ]
    return ControlChart(
        title="Control", chart=kind, centre_line=0.5, points=(*flat, *last), **more
    )


HIGH = {"value": 0.7, "signal": "beyond_limits", "direction": "high"}
SHIFT = {"value": 0.55, "signal": "shift", "direction": "high"}
CHARTS = {
    "level": told(),
    "beyond": told(HIGH, improvement="increase", variation="improvement"),
    "worry": told(HIGH, improvement="decrease", variation="concern"),
    "shift": told(*[SHIFT] * 8, variation="neutral"),
    "trend": told({"value": 0.45, "signal": "trend", "direction": "low"}),
    "near": told({"value": 0.58, "signal": "near_limits", "direction": "high"}),
    "crossings": told(variation="neutral"),
    "earlier": told(HIGH, {"value": 0.5}),
    "pass": told(target=0.3, improvement="increase", assurance="pass"),
    "fail": told(target=0.9, improvement="increase", assurance="fail"),
    "hit": told(target=0.5, improvement="increase", assurance="hit_or_miss"),
}
SAID = {
    "level": "in the range that chance would give (40.0% to 60.0%).",
    "beyond": "too high to be likely by chance alone (40.0% to 60.0%); this is for the better.",
    "worry": "this is a worry.",
    "shift": "The last 8 results are all above the middle line (50.0%)",
    "trend": "fell one after the other",
    "near": "Two of the last three results are close to the high end",
    "crossings": "less often than chance alone would have them",
    "earlier": "but 1 earlier result stands out.",
    "pass": "would nearly always meet the target of 30.0%",
    "fail": "would nearly always miss the target of 90.0%",
    "hit": "would sometimes meet the target of 50.0%, and sometimes miss it",
}


@pytest.mark.parametrize("name", CHARTS)
def test_the_sentences_say_what_the_chart_says(name):
    assert SAID[name] in " ".join(chart_sentences(CHARTS[name]))


@pytest.mark.parametrize("name", CHARTS)
def test_there_are_two_sentences_for_grade_eight(name):
    sentences = chart_sentences(CHARTS[name])
    assert len(sentences) == 2
    assert all(words.endswith(".") for words in sentences)
    assert flesch_kincaid_grade(list(sentences)) <= HIGHEST_GRADE


def test_without_a_direction_nothing_is_called_better_or_worse():
    for name in ("shift", "crossings", "level"):
        first, _ = chart_sentences(CHARTS[name])
        assert "better" not in first
        assert "worry" not in first


def test_a_run_is_counted_within_its_phase():
    chart = told(*[SHIFT] * 8, variation="neutral").model_copy(
        update={
            "phases": (
                ChartPhase(start="2025-01", centre_line=0.5),
                ChartPhase(start="2026-03", reason="moved", centre_line=0.5),
            )
        }
    )
    assert "The last 6 results" in chart_sentences(chart)[0]


def test_rates_have_digits_that_tell_their_lines_apart():
    points = tuple(
        ChartPoint(label=str(i), value=0.0041, lower=0.0021, upper=0.0062)
        for i in range(12)
    )
    chart = ControlChart(title="Falls", chart="u", centre_line=0.0042, points=points)
    assert "(0.00210 to 0.00620)" in chart_sentences(chart)[0]
    assert chart_rows(chart)[1][1:5] == ("0.00410", "0.00210", "0.00420", "0.00620")


def test_the_csv_gives_every_number_back_exactly():
    rng = np.random.default_rng(1)
    values = rng.uniform(0.4, 0.6, 12)
    points = tuple(
        ChartPoint(label=f"{i}, and", value=float(v), lower=float(v / 3), upper=0.7)
        for i, v in enumerate(values)
    )
    chart = ControlChart(title="x", chart="p", centre_line=1 / 3, points=points)
    rows = [line.rsplit(",", 10) for line in chart_csv(chart).splitlines()[1:]]
    assert [float(row[1]) for row in rows] == values.tolist()
    assert [float(row[4]) for row in rows] == (values / 3).tolist()
    assert {float(row[5]) for row in rows} == {1 / 3}


def test_the_picture_shows_the_numbers_of_the_noun():
    """Every number of the picture is one of the noun's."""
    chart = CHARTS["beyond"]
    plot = control_of(chart, name="x", heading=True)
    assert [p.value for p in plot.points] == [p.value for p in chart.points]
    assert [p.upper for p in plot.points] == [p.upper for p in chart.points]
    assert plot.variation == "improvement_high"
    assert [p.flag for p in plot.points][-1] == "better"
    assert plot.points[-1].beyond


def test_the_direction_of_a_signal_gives_its_flag_not_its_side():
    """A fall that begins above the centre is a fall."""
    chart = told({"value": 0.55, "signal": "trend", "direction": "low"})
    plot = control_of(chart, name="x", improvement="increase")
    assert plot.points[-1].flag == "worse"
    assert control_of(chart, name="x").points[-1].flag == "low"
