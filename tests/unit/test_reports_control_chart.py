"""The control chart's picture: its words can be read, and shapes say what colours say."""

import itertools
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from rounds.reports import style_sheet
from rounds.reports.charts import (
    NARROW,
    WIDE,
    Control,
    ControlPoint,
    control_chart,
    standing_alone,
)
from rounds.reports.charts.control_labels import clear_place
from rounds.reports.charts.lettering import apart, width_of, wrapped

SVG = "{http://www.w3.org/2000/svg}"
REASONS = (
    "Reminders began in all clinics of the region",
    "New register",
    "Second nurse",
    "Data come from the new system now",
)


def months(n, year=2023):
    return [f"{year + i // 12}-{i % 12 + 1:02d}" for i in range(n)]


def control(labels, rng, *, scale=1.0, phases=(), unit="percent", **more):
    points = []
    for i, name in enumerate(labels):
        value = float(scale * rng.uniform(0.3, 0.7))
        points.append(
            ControlPoint(
                label=name,
                value=value,
                lower=0.35 * scale,
                upper=0.65 * scale,
                centre=0.45 * scale if phases and i < phases[0][0] else None,
                flag=("none", "better", "worse", "high", "low")[i % 5],
                beyond=i % 7 == 0,
            )
        )
    return Control(
        title="Blood pressure under control among people with diabetes, by month",
        points=tuple(points),
        centre=0.5 * scale,
        target=0.52 * scale,
        unit=unit,
        phases=tuple(phases),
        variation="concern_high",
        assurance="hit_or_miss",
        heading=True,
        **more,
    )


def plots():
    rng = np.random.default_rng(3)
    crowded = tuple(zip((4, 6, 8, 33), REASONS, strict=True))
    even = tuple(zip((8, 16, 24, 30), REASONS, strict=True))
    return {
        "months": control(months(36), rng),
        "long": control(months(120), rng),
        "few": control(months(10), rng),
        "crowded phases": control(months(36), rng, phases=crowded),
        "even phases": control(months(36), rng, phases=even),
        "weeks": control([f"2025-W{i:02d}" for i in range(1, 53)], rng),
        "days": control([str(np.datetime64("2025-01-01") + i) for i in range(90)], rng),
        "numbers": control(
            [str(i) for i in range(1, 41)], rng, scale=12345.0, unit="number"
        ),
        "rates": control(months(24), rng, scale=0.0004, unit="number"),
        "words": control(["the first of many, long name"] * 12, rng, scale=3.0),
    }


PLOTS = plots()
BOTH = pytest.mark.parametrize("width", [WIDE, NARROW])
EACH = pytest.mark.parametrize("name", PLOTS)


def drawn(name, width):
    text = control_chart(PLOTS[name], width)
    return ET.fromstring(text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def boxes(svg):
    """Give each text with the box it takes: left, right, top, bottom."""
    found = []
    for text in svg.iter(f"{SVG}text"):
        css = text.get("class", "").split()
        big = 16 / 12 if "title" in css else 1.0
        bold = bool({"strong", "event", "aim", "title", "sign"} & set(css))
        wide = width_of(text.text, bold=bold) * big * 0.92
        x, y = float(text.get("x")), float(text.get("y"))
        start = {"start": x, "middle": x - wide / 2, "end": x - wide}[
            text.get("text-anchor")
        ]
        found.append((text.text, start, start + wide, y - 9 * big, y + 2 * big))
    return found


@EACH
@BOTH
def test_no_text_lies_on_another(name, width):
    for one, other in itertools.combinations(boxes(drawn(name, width)), 2):
        beside = one[2] <= other[1] or other[2] <= one[1]
        above = one[4] <= other[3] or other[4] <= one[3]
        assert beside or above, (one[0], other[0])


@EACH
@BOTH
def test_no_text_is_cut_off(name, width):
    svg = drawn(name, width)
    height = float(svg.get("height"))
    for words, left, right, top, bottom in boxes(svg):
        assert left >= 0, words
        assert right <= width, words
        assert top >= 0, words
        assert bottom <= height, words


@EACH
@BOTH
def test_no_line_rises_through_the_name_of_another_phase(name, width):
    svg = drawn(name, width)
    names = [
        box
        for box in boxes(svg)
        if any(box[0].startswith(reason[:8]) for reason in REASONS)
    ]
    for line in svg.iter(f"{SVG}line"):
        if line.get("class") != "event-line":
            continue
        x, top = float(line.get("x1")), float(line.get("y1"))
        for words, left, right, _, bottom in names:
            assert not (left < x < right and top < bottom), words


@EACH
@BOTH
def test_no_text_is_tiny(name, width):
    """A drawing is shown at its own width or wider: 12 px are 12 px."""
    assert re.search(r"\.plot text \{ font: 400 12px", style_sheet(embedded=False))
    svg = drawn(name, width)
    assert float(svg.get("width")) == width
    assert svg.get("viewBox").split()[2] == svg.get("width")


@EACH
def test_ticks_are_told_apart(name):
    svg = drawn(name, WIDE)
    ends = [t.text for t in svg.iter(f"{SVG}text") if t.get("text-anchor") == "end"]
    ticks = [words for words in ends if words[0].isdigit()]
    assert len(ticks) >= 3
    assert len(set(ticks)) == len(ticks)


def test_shapes_say_what_colours_say():
    """Each flag has a shape of its own, whatever its colour."""
    svg = drawn("months", WIDE)
    shapes = {}
    for path in svg.iter(f"{SVG}path"):
        css = path.get("class")
        if css.startswith("mark"):
            steps = re.findall(r"-?[\d.]+", path.get("d"))
            xs = np.array(steps[::2], float) - np.mean(np.array(steps[::2], float))
            ys = np.array(steps[1::2], float) - np.mean(np.array(steps[1::2], float))
            shapes.setdefault(css, set()).add(
                (len(xs), int(np.sign(round(ys[0], 0))), abs(round(xs[0])) > 1)
            )
    assert set(shapes) == {"mark improvement", "mark concern", "mark neutral"}
    assert len(shapes["mark neutral"]) == 2  # high is a triangle, low stands on its tip
    assert len(set().union(*shapes.values())) == 4


def test_a_point_beyond_a_limit_has_a_ring():
    rings = [
        c
        for c in drawn("months", WIDE).iter(f"{SVG}circle")
        if "beyond" in c.get("class") and c.get("r") == "8.5"
    ]
    assert len(rings) == sum(p.beyond for p in PLOTS["months"].points)


def test_lines_are_broken_where_a_phase_begins():
    svg = drawn("even phases", WIDE)
    paths = [p.get("class") for p in svg.iter(f"{SVG}path")]
    assert paths.count("series") == 5
    assert paths.count("centre-path") == 5
    assert paths.count("band b998") == 5


def test_a_screen_reader_is_told_why_lines_begin_anew():
    text = control_chart(PLOTS["even phases"])
    for reason in REASONS:
        assert reason in text.split("</desc>")[0]


@pytest.mark.parametrize("embedded", [True, False])
def test_a_drawing_stands_alone_in_every_light(embedded):
    """Light, dark, print and forced colours; sound XML; nothing to fetch, no script."""
    text = standing_alone(
        control_chart(PLOTS["months"]), style_sheet(embedded=embedded)
    )
    svg = ET.fromstring(text)
    style = svg.find(f"{SVG}style").text
    for wanted in (
        "prefers-color-scheme: dark",
        "forced-colors: active",
        "@media print",
        ".mark.concern { fill: var(--concern); }",
        "--ink: #16211f",
        "--ink: #e8eeec",
        "--ink: CanvasText",
        # Else the system's grey, a green in some themes, outshines the data.
        ".grid { stroke: CanvasText; stroke-opacity: .25; }",
    ):
        assert wanted in style
    assert "url(" not in style.replace('url("data:', "").replace('url("fonts/', "")
    assert "<script" not in text
    assert style.count("{") == style.count("}")
    assert "table" not in style


def test_every_class_of_a_drawing_has_a_rule():
    """A class without one would be drawn black, in every light."""
    text = control_chart(PLOTS["crowded phases"])
    classes = {
        c for found in re.findall(r'class="([^"]*)"', text) for c in found.split()
    }
    sheet = style_sheet(embedded=False)
    without = {c for c in classes if f".{c}" not in sheet}
    assert without == set()


def test_names_are_moved_apart_and_stay_within():
    places = apart([50, 50, 51, 90], 15, 0, 100)
    assert np.diff(sorted(places)).min() >= 15 - 1e-9
    assert min(places) >= 0
    assert max(places) <= 100
    assert apart([10.0, 40.0], 15, 0, 100) == [10.0, 40.0]


def test_parts_are_wrapped_by_their_width():
    assert wrapped(["a", "b", "c"], 1000) == ["a · b · c"]
    assert wrapped(["long words"] * 3, 10) == ["long words"] * 3


def test_the_name_of_an_earlier_mean_keeps_clear_of_points_and_of_their_path():
    """Last where the path leaves room, above the line or below; nowhere if there is none."""
    room, words = (0.0, 300.0), "Mean 58.1%"
    wild = [(10.0 * i, 80.0 + 40 * (i % 2)) for i in range(31)]
    assert clear_place(words, 100.0, room, wild) is None
    level = [(10.0 * i, 100.0) for i in range(31)]
    assert clear_place(words, 100.0, room, level) == (294.0, 117.0)
    below = [(10.0 * i, 130.0) for i in range(31)]
    assert clear_place(words, 100.0, room, below) == (294.0, 94.0)
    above = [(10.0 * i, 90.0) for i in range(31)]
    assert clear_place(words, 100.0, room, above) == (294.0, 117.0)
    late = [(10.0 * i, 160.0 if i < 15 else 100.0 + 30 * (i % 2)) for i in range(31)]
    end, base = clear_place(words, 100.0, room, late)
    assert end <= 150
    assert base == 94.0
    steep = [(0.0, 0.0), (300.0, 200.0)]  # between two marks the path goes through
    end, _ = clear_place(words, 100.0, room, steep)
    assert not 30 < end < 260
    assert clear_place(words, 100.0, (0.0, 40.0), below) is None
