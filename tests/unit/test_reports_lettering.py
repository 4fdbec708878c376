"""No chart has a word that lies on another, is cut off, or is too small to read.

Each kind of chart with ordinary numbers, with names that are far too long, with one
unit, with hundreds, and with numbers that differ by nothing or by everything. Widths of
words are those of the typeface as `width_of` has them, which `test_widths_are_those_of`
the browser's tests measure; control charts and two-way pictures have tests of their own
beside these.
"""

import itertools
import re
from xml.etree import ElementTree as ET

import pytest

from rounds.reports import charts
from rounds.reports.charts import (
    NARROW,
    WIDE,
    Caterpillar,
    CaterpillarUnit,
    Control,
    ControlPoint,
    FlowBox,
    FlowChart,
    Forest,
    ForestRow,
    Funnel,
    FunnelLimits,
    FunnelPoint,
    LookPoint,
    Looks,
    Ring,
    RingStep,
    TwoWay,
    TwoWayAxis,
    TwoWayPoint,
)
from rounds.reports.charts.acceptability import Acceptability, AcceptabilityMark
from rounds.reports.charts.lettering import width_of
from rounds.reports.figures import groups_forest, meeting_forest
from rounds.reports.templating import style_sheet
from stories.told_equity import MEETING, by_sex, cell, equity, group, hidden

SVG = "{http://www.w3.org/2000/svg}"
LONG = (
    "Saint Bartholomew's Community Health Centre and Walk-in Clinic, North-East Annexe"
)
MOST = 300


def funnel(n, name, low=0.3, high=0.9, *, unit="percent", centre=0.55, **more):
    spread = [low + (high - low) * i / max(n - 1, 1) for i in range(n)]
    return Funnel(
        title="Sites",
        points=tuple(
            FunnelPoint(
                label=f"{name} {i}",
                denominator=10 + 37 * i % 911,
                value=value,
                flag=("none", "worse", "better", "outside")[i % 4],
            )
            for i, value in enumerate(spread)
        ),
        limits=tuple(
            FunnelLimits(
                denominator=d,
                lower=(centre - 0.5 * width, centre - width),
                upper=(centre + 0.5 * width, centre + width),
            )
            for d, width in (
                (1, 0.9 * centre),
                (200, 0.3 * centre),
                (960, 0.02 * centre),
            )
        ),
        centre=centre,
        unit=unit,
        **more,
    )


def caterpillar(n, low=0.3, high=0.9, **more):
    return Caterpillar(
        title="Sites",
        units=tuple(
            CaterpillarUnit(
                label=f"{LONG} {i}", value=v, lower=v - 0.05, upper=v + 0.05
            )
            for i in range(n)
            for v in [low + (high - low) * i / max(n - 1, 1)]
        ),
        **more,
    )


def forest(n, name, beside="5.5 (3.4 to 7.8)", **more):
    rows = [
        ForestRow(
            label=f"{name} {i}",
            value=0.01 * i,
            lower=0.01 * i - 0.05,
            upper=0.01 * i + 0.05,
            beside=beside,
            column="38.2%",
            truth=0.01 if i % 2 else None,
        )
        for i in range(n)
    ]
    return Forest(
        title="Studies",
        rows=(
            ForestRow(label=name, kind="heading"),
            *rows,
            ForestRow(label=name, kind="absent", beside="suppressed: " + name),
            ForestRow(
                label="Pooled, random effects",
                kind="pooled",
                lower=-0.1,
                upper=0.2,
                value=0.05,
                beside="+6.3 (−9.4 to +21.9)",
            ),
            ForestRow(
                label="Next setting (prediction)",
                kind="prediction",
                lower=-0.2,
                upper=0.3,
                value=0.05,
                beside="+6.3 (−21.4 to +34.0)",
            ),
        ),
        column_title="Weight",
        beside_title="Effect (95% interval)",
        left="favours usual care",
        right="favours the change",
        axis="Difference in percentage points",
        **more,
    )


def looks(*points):
    return Looks(title="Looks", points=tuple(LookPoint(**one) for one in points))


def ring(label):
    states = ("done", "done", "current", "ahead", "ahead")
    steps = ("Problem", "Evidence", "Change", "Evaluation", "Decision")
    return Ring(
        title="Ring",
        centre="Turn 12",
        below=label,
        steps=tuple(
            RingStep(label=s, state=t) for s, t in zip(steps, states, strict=True)
        ),
    )


def flow(arms, *lines):
    return FlowChart(
        title="Flow",
        assessed=FlowBox(title="Assessed for eligibility", lines=lines),
        excluded=FlowBox(title="Excluded", lines=lines),
        randomised=FlowBox(title="Randomised", lines=lines),
        arms=tuple(
            (
                FlowBox(title=f"Arm {i}", lines=lines),
                FlowBox(title="Analysed", lines=lines),
            )
            for i in range(arms)
        ),
    )


def control(n, name, low=0.4, high=0.6):
    return Control(
        title="By month",
        centre=(low + high) / 2,
        points=tuple(
            ControlPoint(
                label=f"{name}{2001 + i // 12}-{1 + i % 12:02d}",
                value=low + (high - low) * ((7 * i) % 11) / 10,
                lower=low,
                upper=high,
                flag=("none", "better", "worse")[i % 3],
            )
            for i in range(n)
        ),
        events=((n // 2, "Adopted everywhere in the region"),),
    )


def two_way(n, name, up=(0.05, 0.2)):
    return TwoWay(
        title="Two measures",
        points=tuple(
            TwoWayPoint(
                label=name,
                across=(0.3 + 0.6 * i / n, 0.25 + 0.6 * i / n, 0.35 + 0.6 * i / n),
                up=(sum(up) / 2, *up),
            )
            for i in range(n)
        ),
        across=TwoWayAxis(
            name=name, short="Measure", line=0.6, line_name="Aim", more_is_better=True
        ),
        up=TwoWayAxis(
            name=name, short="Balancing", line=sum(up) / 2, line_name="Average",
            more_is_better=False,
        ),
    )  # fmt: skip


def acceptability(n, worth, currency):
    return Acceptability(
        title="At what price",
        points=tuple(
            AcceptabilityMark(
                worth=2 * worth * i / max(n - 1, 1), probability=i / max(n - 1, 1)
            )
            for i in range(n)
        ),
        stated=worth,
        currency=currency,
    )


def groups(*given):
    found = equity(by_sex(groups=given))
    return groups_forest(found, found.inequalities[0])


def cells(n, name):
    met = tuple(cell(f"{name} {i}", 0.1 + 0.02 * i) for i in range(n))
    return meeting_forest(equity(meeting=MEETING.model_copy(update={"cells": met})))


def path(n, name, months=1):
    """A path of n boxes of so many months each, the last of them at the limit."""
    return charts.WatchPath(
        title="To the limit",
        boxes=tuple(
            charts.WatchBox(
                label=f"{name} {2000 + i}",
                start=months * i,
                stop=months * (i + 1),
                low=1.0 if i == n - 1 else 0.25 * (i % 4),
                high=1.25 if i == n - 1 else 0.25 * (i % 4 + 1),
            )
            for i in range(n)
        ),
    )


TWO = {"fraction": 0.5, "statistic": 1.0, "upper": 2.9, "lower": -0.2}
PLOTS = {
    "funnel": (charts.funnel, funnel(12, "Clinic")),
    "funnel, long names": (charts.funnel, funnel(9, LONG)),
    "funnel, many": (charts.funnel, funnel(MOST, "Clinic")),
    "funnel, one": (charts.funnel, funnel(1, "Clinic")),
    "funnel, all alike": (charts.funnel, funnel(12, "Clinic", 0.55, 0.55)),
    "funnel, all at nothing": (charts.funnel, funnel(12, "C", 0.0, 0.004, centre=0.002)),
    "funnel, rates": (charts.funnel, funnel(12, "C", 0, 12345.6, unit="number", centre=4321.5)),
    "funnel, ratios": (charts.funnel, funnel(12, LONG, 0.2, 3.4, unit="number", centre=1.0, centre_name="Expected", denominator="Expected events")),
    "caterpillar": (charts.caterpillar, caterpillar(12, centre=0.6, aim=0.7)),
    "caterpillar, many": (charts.caterpillar, caterpillar(MOST, centre=0.6, aim=0.61)),
    "caterpillar, one": (charts.caterpillar, caterpillar(1, centre=0.3, aim=0.3)),
    "caterpillar, aim above": (charts.caterpillar, caterpillar(9, centre=0.6, aim=0.999)),
    "caterpillar, aim below": (charts.caterpillar, caterpillar(9, centre=0.31, aim=0.25)),
    "caterpillar, ratios": (charts.caterpillar, caterpillar(9, 0.2, 31.5, centre=1.0, centre_name="Expected", unit="number")),
    "forest": (charts.forest, forest(3, "Adusumalli 2023")),
    "forest, long names": (charts.forest, forest(3, LONG)),
    "forest, many": (charts.forest, forest(60, "Study")),
    "forest, wide numbers": (charts.forest, forest(3, LONG, "−123.4 (−1,234.5 to +1,234.5)")),
    "forest, groups": (charts.forest, groups(group("F", 12_345, 6_789), group("M", 480, 340), hidden("X"))),
    "forest, groups, long names": (charts.forest, groups(group(LONG, 1_234_567, 987_654), group("M", 480, 478), hidden(LONG))),
    "forest, cells": (charts.forest, cells(40, "F · 18–44 · SVI quartile 1 ·")),
    "forest, cells, long names": (charts.forest, cells(3, LONG)),
    "looks": (charts.looks, looks(TWO, {"fraction": 1.0, "statistic": 2.4, "upper": 2.0, "crossed": True})),
    "looks, bounds that meet": (charts.looks, looks(TWO, {"fraction": 1.0, "statistic": 1.9, "upper": 1.97, "lower": 1.96})),
    "looks, one, early": (charts.looks, looks({"fraction": 0.02, "statistic": 8.0, "upper": 8.1, "lower": -8.0})),
    "looks, late": (charts.looks, looks(TWO, {"fraction": 1.9, "statistic": 2.4, "upper": 2.0})),
    "acceptability": (charts.acceptability, acceptability(21, 40.0, "USD")),
    "acceptability, dear": (charts.acceptability, acceptability(21, 123_456.0, "international dollars")),
    "acceptability, one": (charts.acceptability, acceptability(1, 400.0, "SEK")),
    "path": (charts.watch_path, path(14, "Mar")),
    "path, one": (charts.watch_path, path(1, "Mar")),
    "path, many": (charts.watch_path, path(120, "Mar")),
    "path, long names": (charts.watch_path, path(6, "Week beginning on Monday 3 March", 5)),
    "funnel, alone": (charts.funnel, funnel(12, "Clinic", legend=True)),
    "funnel, alone, one": (charts.funnel, funnel(1, "Clinic", legend=True)),
    "ring": (charts.ring, ring("decided: abandon")),
    "flow": (charts.flow_chart, flow(2, "n = 12,345", "clinics: 40")),
    "flow, long lines": (charts.flow_chart, flow(2, "had opted out of research: 12,345", "no visit in the period of enrolment: 1,234")),
    "flow, four arms": (charts.flow_chart, flow(4, "n = 12,345", "lost to follow-up: 1,234")),
    "control": (charts.control_chart, control(24, "")),
    "control, many": (charts.control_chart, control(MOST, "")),
    "control, one": (charts.control_chart, control(1, "")),
    "control, long labels": (charts.control_chart, control(24, "Week beginning on Monday ")),
    "control, all alike": (charts.control_chart, control(24, "", 0.5, 0.5)),
    "two ways": (charts.two_way, two_way(12, "Control")),
    "two ways, long names": (charts.two_way, two_way(12, LONG)),
    "two ways, many": (charts.two_way, two_way(MOST, "Control")),
    "two ways, rare harm": (charts.two_way, two_way(3, "Missed", up=(0.0, 0.0004))),
}  # fmt: skip
EACH = pytest.mark.parametrize("name", PLOTS)
BOTH = pytest.mark.parametrize("width", [WIDE, NARROW])
SIZES = {"title": 16, "centre": 16}
BOLD = {"strong", "event", "aim", "title", "sign", "centre"}


def drawn(name, width):
    draw, plot = PLOTS[name]
    text = draw(plot, 280 if name == "ring" else width)
    return ET.fromstring(text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def boxes(svg):
    """Give each text with the box it takes: left, right, top, bottom."""
    found = []
    for text in svg.iter(f"{SVG}text"):
        css = set(text.get("class", "").split())
        big = max([SIZES.get(one, 12) for one in css], default=12) / 12
        wide = width_of(text.text, bold=bool(BOLD & css)) * big * 0.92
        x, y = float(text.get("x")), float(text.get("y"))
        anchor = text.get("text-anchor") or "start"
        start = {"start": x, "middle": x - wide / 2, "end": x - wide}[anchor]
        found.append((text.text, start, start + wide, y - 9 * big, y + 2 * big))
    return found


@EACH
@BOTH
def test_no_text_lies_on_another(name, width):
    for one, other in itertools.combinations(boxes(drawn(name, width)), 2):
        beside = one[2] <= other[1] or other[2] <= one[1]
        above = one[4] <= other[3] or other[4] <= one[3]
        assert beside or above, (one, other)


@EACH
@BOTH
def test_no_text_is_cut_off(name, width):
    svg = drawn(name, width)
    height, wide = float(svg.get("height")), float(svg.get("width"))
    for words, left, right, top, bottom in boxes(svg):
        assert left >= 0, words
        assert right <= wide, (words, right)
        assert top >= -1, words
        assert bottom <= height, words


@EACH
@BOTH
def test_no_text_is_tiny(name, width):
    """A drawing is shown at its own width or wider: 12 px are 12 px."""
    sheet = style_sheet(embedded=False)
    assert re.search(r"\.plot text \{ font: 400 12px", sheet)
    sizes = re.findall(
        r"\.plot[^{]*\{[^}]*?(?:font-size: |font: \d+ )([\d.]+)px", sheet
    )
    assert sizes
    assert min(map(float, sizes)) >= 12
    svg = drawn(name, width)
    assert svg.get("viewBox").split()[2] == svg.get("width")
    assert not [one for one in svg.iter() if one.get("font-size") or one.get("style")]


def test_every_kind_of_chart_is_looked_at():
    """A new kind of chart, or a name that is not tested, fails here."""
    kinds = {
        name
        for name in charts.__all__
        if name.islower() and name not in {"label", "at_two_widths", "standing_alone"}
    }
    assert kinds == {draw.__name__ for draw, _ in PLOTS.values()}
