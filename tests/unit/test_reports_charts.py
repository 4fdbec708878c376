"""Charts: the same bytes every time, sound SVG, and marks where the numbers are."""

import re
from xml.etree import ElementTree as ET

import pytest

from rounds.reports import charts
from rounds.reports.charts import (
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
    Ring,
    RingStep,
    TwoWay,
    TwoWayAxis,
    TwoWayPoint,
)
from rounds.reports.charts.lettering import width_of

SVG = "{http://www.w3.org/2000/svg}"


def _limits():
    return tuple(
        FunnelLimits(
            denominator=n,
            lower=(0.5 - 1 / n**0.5, 0.5 - 1.5 / n**0.5),
            upper=(0.5 + 1 / n**0.5, 0.5 + 1.5 / n**0.5),
        )
        for n in (10, 50, 100, 300, 420)
    )


FUNNEL = Funnel(
    title="Sites & <limits>",
    points=(
        FunnelPoint(label="Low", denominator=300, value=0.3, flag="worse"),
        FunnelPoint(label="Middle", denominator=100, value=0.5),
        FunnelPoint(label="High", denominator=400, value=0.7, flag="better"),
    ),
    limits=_limits(),
    centre=0.5,
    n_suppressed=2,
)
CONTROL = Control(
    title="By month",
    centre=0.5,
    points=(
        ControlPoint(label="2025-01", value=0.5, lower=0.4, upper=0.6),
        ControlPoint(label="2025-02", value=None),
        ControlPoint(label="2025-03", value=0.7, lower=0.4, upper=0.6, flag="better"),
        ControlPoint(label="2025-04", value=0.55, lower=0.4, upper=0.6),
    ),
    events=((2, "Adopted"),),
)
FOREST = Forest(
    title="Studies",
    rows=(
        ForestRow(label="Sex", kind="heading"),
        ForestRow(label="A", value=0.1, lower=0.0, upper=0.2, weight=0.4, truth=0.15),
        ForestRow(label="B", value=0.3, lower=0.2, upper=0.4, weight=0.6),
        ForestRow(label="Few", kind="absent", beside="suppressed (≤10)"),
        ForestRow(label="All", kind="pooled", value=0.2, lower=0.1, upper=0.3),
        ForestRow(label="Next", kind="prediction", value=0.2, lower=0.0, upper=0.4),
    ),
    left="worse",
    right="better",
    axis="Points",
)
PLOTS = {
    "watch_path": (
        charts.watch_path,
        charts.WatchPath(
            title="To the limit",
            boxes=(
                charts.WatchBox(label="Jan 2025", start=0, stop=1, low=0, high=0.25),
                charts.WatchBox(label="Mar 2025", start=1, stop=3, low=1, high=1.25),
            ),
        ),
    ),
    "acceptability": (
        charts.acceptability,
        charts.Acceptability(
            title="Worth its price?",
            points=tuple(
                charts.AcceptabilityMark(worth, worth / 1000)
                for worth in (0.0, 250.0, 500.0, 1000.0)
            ),
            stated=400.0,
            currency="USD",
        ),
    ),
    "looks": (
        charts.looks,
        charts.Looks(
            title="Looks",
            points=(
                charts.LookPoint(fraction=0.5, statistic=1.0, upper=2.9, lower=-0.2),
                charts.LookPoint(fraction=1.1, statistic=2.4, upper=2.0, crossed=True),
            ),
        ),
    ),
    "funnel": (charts.funnel, FUNNEL),
    "control_chart": (charts.control_chart, CONTROL),
    "forest": (charts.forest, FOREST),
    "caterpillar": (
        charts.caterpillar,
        Caterpillar(
            title="Sites",
            units=tuple(
                CaterpillarUnit(label=str(i), value=v, lower=v - 0.1, upper=v + 0.1)
                for i, v in enumerate((0.6, 0.4, 0.5))
            ),
            centre=0.5,
            aim=0.7,
        ),
    ),
    "two_way": (
        charts.two_way,
        TwoWay(
            title="Two measures",
            points=(
                TwoWayPoint(label="A", across=(0.5, 0.4, 0.6), up=(0.1, 0.0, 0.2)),
                TwoWayPoint(label="B", across=(0.7, 0.6, 0.8), up=(0.3, 0.2, 0.4)),
            ),
            across=TwoWayAxis(
                name="Control",
                short="Measure",
                line=0.6,
                line_name="Aim",
                more_is_better=True,
            ),
            up=TwoWayAxis(
                name="Harm",
                short="Balancing",
                line=0.2,
                line_name="Average",
                more_is_better=False,
            ),
        ),
    ),
    "flow_chart": (
        charts.flow_chart,
        FlowChart(
            title="Flow",
            assessed=FlowBox(title="Assessed", lines=("n = 100",)),
            excluded=FlowBox(title="Excluded", lines=("opted out: 20",)),
            randomised=FlowBox(title="Randomised", lines=("8 clinics",)),
            arms=tuple(
                (
                    FlowBox(title=t, lines=("4 clinics",)),
                    FlowBox(title="Analysed", lines=("n = 40",)),
                )
                for t in ("On", "Off")
            ),
        ),
    ),
    "ring": (
        charts.ring,
        Ring(
            title="Ring",
            centre="Turn 1",
            steps=(
                RingStep(label="Problem", state="done"),
                RingStep(label="Evidence", state="current"),
                RingStep(label="Change", state="ahead"),
            ),
        ),
    ),
}


def _drawn(name, width=charts.WIDE):
    draw, plot = PLOTS[name]
    text = draw(plot, width)
    return text, ET.fromstring(text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
@pytest.mark.parametrize("name", PLOTS)
def test_a_chart_is_sound_named_and_has_nothing_inline(name, width):
    text, svg = _drawn(name, width)
    assert text == _drawn(name, width)[0]
    assert svg.get("role") == "img"
    title, description = svg.find(f"{SVG}title"), svg.find(f"{SVG}desc")
    assert svg.get("aria-labelledby") == title.get("id")
    assert svg.get("aria-describedby") == description.get("id")
    assert title.text
    assert description.text
    assert "style=" not in text
    assert "<script" not in text
    assert "nan" not in text.lower().replace("nanc", "")


@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
@pytest.mark.parametrize("name", [n for n in PLOTS if n != "ring"])
def test_nothing_is_drawn_outside_the_paper(name, width):
    _, svg = _drawn(name, width)
    height = float(svg.get("height"))
    for element in svg.iter():
        for key, most in (
            ("x", width),
            ("cx", width),
            ("x1", width),
            ("y", height),
            ("cy", height),
            ("y2", height),
        ):
            if element.get(key) is not None:
                assert -0.1 <= float(element.get(key)) <= most + 0.1, (element.tag, key)


def test_the_two_widths_have_ids_of_their_own():
    text = charts.at_two_widths(charts.funnel, FUNNEL)
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids)) == 4


def test_funnel_marks_stand_where_the_numbers_are():
    text, svg = _drawn("funnel")
    dot = next(e for e in svg.iter(f"{SVG}circle"))
    diamond = _centre(svg, "concern")
    square = _centre(svg, "improvement")
    assert diamond[1] > float(dot.get("cy")) > square[1]  # up is more
    assert float(dot.get("cx")) < diamond[0] < square[0]  # right is larger
    line = next(e for e in svg.iter(f"{SVG}line") if e.get("class") == "centre-line")
    assert float(line.get("y1")) == pytest.approx(float(dot.get("cy")), abs=0.11)
    assert "2 units are left out as suppressed" in text
    assert "Sites &amp; &lt;limits&gt;" in text


def _centre(svg, css):
    shape = next(e for e in svg.iter(f"{SVG}path") if css in e.get("class", ""))
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", shape.get("d"))]
    xs, ys = numbers[::2], numbers[1::2]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def test_shape_says_what_colour_says():
    """Better is a square, worse a diamond: four corners at the sides, or at the points."""
    _, svg = _drawn("funnel")
    corners = {}
    for css in ("improvement", "concern"):
        shape = next(e for e in svg.iter(f"{SVG}path") if css in e.get("class", ""))
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", shape.get("d"))]
        corners[css] = len({round(x, 1) for x in numbers[::2]})
    assert corners == {"improvement": 2, "concern": 3}


def test_a_suppressed_subgroup_breaks_the_line():
    _, svg = _drawn("control_chart")
    dots = list(svg.iter(f"{SVG}circle"))
    series = [e for e in svg.iter(f"{SVG}path") if e.get("class") == "series"]
    assert len(dots) == 2
    assert len(series) == 1
    assert series[0].get("d").count("L") == 1


def test_forest_rows_without_a_number_have_words_and_no_mark():
    text, svg = _drawn("forest")
    marks = [e for e in svg.iter(f"{SVG}path") if "mark study" in e.get("class", "")]
    assert len(marks) == 2
    assert "suppressed (≤10)" in text
    truth = _centre(svg, "truth")
    squares = sorted(_bounds(m) for m in marks)
    assert squares[0] < truth[0] < squares[1]


def _bounds(shape):
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", shape.get("d"))]
    return (min(numbers[::2]) + max(numbers[::2])) / 2


LONG = "clinic-28: Treatment intensified within 14 days of "


@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
def test_names_that_begin_alike_can_be_told_apart(width):
    """A long name takes two lines, which lie on nothing else of the drawing."""
    ends = ("an uncontrolled visit", "the first visit")
    rows = [
        ForestRow(label=LONG + end, value=9, lower=5, upper=12, beside="9 (5 to 12)")
        for end in ends
    ]
    plot = Forest(title="Lists", unit="count", rows=(*rows, rows[0]))
    svg = ET.fromstring(charts.forest(plot, width))
    texts = [
        (float(t.get("x")), float(t.get("y")), "".join(t.itertext()))
        for t in svg.iter()
        if t.tag.removeprefix(SVG) == "text"
    ]
    first = [text for text in texts if text[2].startswith("clinic-28")]
    rest = [text for text in texts if text[0] == first[0][0] and text not in first][:3]
    assert len(first) == 3
    names = {f"{a[2]} {b[2]}" for a, b in zip(first, rest, strict=True)}
    assert len(names) == 2
    assert all(12 <= b[1] - a[1] <= 16 for a, b in zip(first, rest, strict=True))
    assert all(n[1] - b[1] >= 14 for b, n in zip(rest, first[1:], strict=False))


def test_a_long_axis_is_not_cut_off_on_a_telephone():
    """Each of its lines fits, and all of them stand within the paper."""
    axis = "Patients who would do well were every site like the best quarter"
    row = ForestRow(label="A", value=9, lower=5, upper=12, beside="9 (5 to 12)")
    plot = Forest(title="Lists", unit="count", rows=(row,), axis=axis)
    svg = ET.fromstring(charts.forest(plot, charts.NARROW))
    height = float(svg.get("viewBox").split()[3])
    texts = [t for t in svg.iter() if t.tag.removeprefix(SVG) == "text"]
    lines = [t for t in texts if t.text in axis and len(t.text) > 10]
    assert " ".join(t.text for t in lines) == axis
    assert len(lines) == 2
    assert all(width_of(t.text) <= charts.NARROW for t in lines)
    assert all(float(t.get("y")) < height - 2 for t in lines)


def test_the_ring_says_each_state_in_words():
    text, _ = _drawn("ring")
    assert "Problem: done, Evidence: under way, Change: not begun." in text


def test_ticks_are_round_and_within():
    assert charts.canvas.ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert charts.canvas.ticks(3, 3) == [3]
