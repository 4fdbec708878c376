"""The two-way picture: marks where the numbers are, words that can be read."""

import itertools
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from rounds.definitions import builtin_measures
from rounds.nouns import NotEstimable, UnitResult
from rounds.reports import style_sheet
from rounds.reports.charts import (
    NARROW,
    WIDE,
    TwoWay,
    TwoWayAxis,
    TwoWayPoint,
    standing_alone,
    two_way,
)
from rounds.reports.charts.lettering import width_of
from rounds.reports.figures import (
    levels_forest,
    standing_sites,
    told_of,
    two_measures,
)
from stories.told_partition import partition

SVG = "{http://www.w3.org/2000/svg}"
MEASURES = builtin_measures()


def axis(line, *, name="Aim", more_is_better=True, title="Blood pressure control"):
    return TwoWayAxis(
        name=title,
        short="Measure",
        line=line,
        line_name=name,
        more_is_better=more_is_better,
    )


def plot(across, up, *, line=0.6, average=0.1, **more):
    rng = np.random.default_rng(4)
    points = tuple(
        TwoWayPoint(
            label=f"Site {i}",
            across=(a, max(a - 0.05, 0.0), min(a + 0.05, 1.0)),
            up=(b, max(b - 0.03, 0.0), min(b + 0.03, 1.0)),
        )
        for i, (a, b) in enumerate(
            zip(rng.uniform(*across, 30), rng.uniform(*up, 30), strict=True)
        )
    )
    return TwoWay(
        title="Two measures",
        points=points,
        across=axis(line, **more),
        up=axis(average, name="Average", more_is_better=False, title="Harm " * 30),
    )


PLOTS = {
    "ordinary": plot((0.4, 0.8), (0.05, 0.2)),
    "aim beyond all": plot((0.4, 0.5), (0.0, 0.01), line=0.95, average=0.004),
    "aim below all": plot((0.8, 0.99), (0.3, 0.9), line=0.1, average=0.9),
    "less is better": plot((0.1, 0.2), (0.1, 0.2), line=0.15, more_is_better=False),
    "averages": plot((0.1, 0.2), (0.1, 0.2), line=0.15, name="Average"),
    "long names": plot((0.001, 0.002), (0.1, 0.1), line=0.0015, title="Control " * 20),
}
PLOTS["rare"] = replace(
    plot((0.4, 0.8), (0.0, 0.0), average=0.014),
    hidden=(0.41, 0.5, 0.83),
    hidden_name="At the foot: 24 too few to be told",
)
BOTH = pytest.mark.parametrize("width", [WIDE, NARROW])
EACH = pytest.mark.parametrize("name", PLOTS)


def parsed(text):
    return ET.fromstring(text.replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" ', 1))


def drawn(name, width):
    return parsed(two_way(PLOTS[name], width))


def boxes(svg):
    """Give each text with the box it takes: left, right, top, bottom."""
    found = []
    for text in svg.iter(f"{SVG}text"):
        css = text.get("class", "").split()
        wide = width_of(text.text, bold=bool({"strong", "aim"} & set(css))) * 0.92
        x, y = float(text.get("x")), float(text.get("y"))
        start = {"start": x, "middle": x - wide / 2, "end": x - wide}[
            text.get("text-anchor")
        ]
        found.append((text.text, start, start + wide, y - 9, y + 2))
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
def test_nothing_is_drawn_outside_the_paper(name, width):
    svg = drawn(name, width)
    height = float(svg.get("height"))
    for element in svg.iter():
        for key, most in (
            ("x1", width), ("x2", width), ("cx", width),
            ("y1", height), ("y2", height), ("cy", height),
        ):  # fmt: skip
            if element.get(key) is not None:
                assert 0 <= float(element.get(key)) <= most, (element.tag, key)


def test_a_square_is_better_on_both_a_diamond_worse_and_doubt_is_a_dot():
    points = (
        TwoWayPoint(label="a", across=(0.9, 0.85, 0.95), up=(0.02, 0.01, 0.03)),
        TwoWayPoint(label="b", across=(0.2, 0.15, 0.25), up=(0.2, 0.15, 0.25)),
        TwoWayPoint(label="c", across=(0.65, 0.55, 0.75), up=(0.2, 0.15, 0.25)),
        TwoWayPoint(label="d", across=(0.9, 0.85, 0.95), up=(0.2, 0.15, 0.25)),
    )
    base = PLOTS["ordinary"]
    one = TwoWay(title="T", points=points, across=base.across, up=base.up)
    text = two_way(one)
    assert text.count("mark improvement") == 1
    assert text.count("mark concern") == 1
    assert text.count("mark common") == 2
    assert "Better on both with both intervals: 1; worse on both: 1" in text


def test_the_corners_say_what_the_quarters_mean():
    """More of the first and less of the second is better: right below is both."""
    svg = drawn("ordinary", WIDE)
    corner = {
        text.text: (float(text.get("x")) > WIDE / 2, float(text.get("y")) > WIDE / 4)
        for text in svg.iter(f"{SVG}text")
    }
    assert corner["Both better"] == (True, True)
    assert corner["Both worse"] == (False, False)
    assert "Aim 60.0%" in " ".join(corner)
    assert "Average 10.0%" in " ".join(corner)


def test_the_figures_are_made_of_what_may_be_told():
    found = partition()
    measure, beside = MEASURES["blood-pressure-control"], MEASURES["abdominal-ct-use"]
    both = two_measures(found, measure, beside)
    assert len(both.points) == 28
    assert both.n_suppressed == 2
    assert both.across.line == 0.75
    assert both.across.more_is_better
    assert "2 units are left out as suppressed" in two_way(both)
    order = standing_sites(found, more_is_better=True)
    assert [one.flag for one in order.units[:3]] == ["better", "better", "none"]
    turned = standing_sites(found, more_is_better=False)
    assert turned.units[0].flag == "worse"
    assert "certain" in order.what
    shares = levels_forest(found)
    assert sum(row.kind == "heading" for row in shares.rows) == 3
    assert sum(row.kind == "study" for row in shares.rows) == 6
    few = NotEstimable(reason="too wide")
    given = [one.model_copy(update={"share": few}) for one in found.levels[:2]]
    kept = found.model_copy(update={"levels": (*given, *found.levels[2:])})
    assert sum(row.kind == "absent" for row in levels_forest(kept).rows) == 1


def rare(found):
    """The same sites where harm is rare: eight are told to have none, the others have
    too few to be told; all patients together are told."""
    sites = []
    for i, one in enumerate(found.sites):
        beside = UnitResult(unit=one.site.unit, denominator=66 + i, numerator=0)
        if i >= 8:
            beside = UnitResult(unit=one.site.unit, suppressed=True)
        sites.append(one.model_copy(update={"balancing": beside}))
    return found.model_copy(update={"sites": tuple(sites)})


def test_where_harm_is_rare_what_may_be_told_is_drawn():
    """Sites with none by their own counts, the others by the measure alone, and all
    patients together as a line with its interval."""
    found = rare(partition())
    measure, beside = MEASURES["blood-pressure-control"], MEASURES["abdominal-ct-use"]
    both = two_measures(found, measure, beside)
    told = sum(one.site.value is not None for one in found.sites[:8])
    assert len(both.points) == told
    assert all(one.up[:2] == (0, 0) and 0.04 < one.up[2] < 0.06 for one in both.points)
    assert len(both.hidden) == sum(
        one.site.value is not None for one in found.sites[8:]
    )
    assert both.up.interval == found.balancing_overall.numbers[1:]
    svg = parsed(two_way(both))
    strokes = [
        line
        for line in svg.iter(f"{SVG}line")
        if line.get("class") == "interval" and line.get("x1") == line.get("x2")
    ]
    assert len(strokes) == len(both.hidden)
    assert len([one for one in svg.iter() if "band" in one.get("class", "")]) == 1
    assert f"{len(both.hidden)} more are told across alone" in two_way(both)
    # Nothing but a place across is told of those, and no number that they have.
    assert not any(str(i) in both.hidden_name for i in range(66, 100))


def test_with_every_site_s_harm_hidden_the_whole_is_still_drawn():
    found = rare(partition())
    none = [
        one.model_copy(
            update={"balancing": UnitResult(unit=one.site.unit, suppressed=True)}
        )
        for one in found.sites
    ]
    measure, beside = MEASURES["blood-pressure-control"], MEASURES["abdominal-ct-use"]
    found = found.model_copy(update={"sites": tuple(none)})
    both = two_measures(found, measure, beside)
    assert both.points == ()
    assert len(both.hidden) >= 20
    assert "Average" in two_way(both)
    untold = found.model_copy(update={"balancing_overall": NotEstimable(reason="few")})
    assert two_measures(untold, measure, beside) is None


def test_a_count_that_is_told_is_no_empty_denominator():
    """A site with none of 66 has an interval of its own; a hidden one has nothing."""
    shown = told_of(UnitResult(unit="a", denominator=66, numerator=0))
    assert (shown.value, shown.lower) == (0.0, 0.0)
    assert shown.upper == pytest.approx(0.055, abs=0.001)
    hidden = UnitResult(unit="b", suppressed=True)
    assert told_of(hidden) == hidden
    drawn_together = UnitResult(
        unit="c", denominator=66, numerator=1, value=0.02, lower=0.01, upper=0.05
    )
    assert told_of(drawn_together) == drawn_together


def test_without_sites_or_numbers_there_is_no_picture():
    found = partition().model_copy(update={"sites": (), "levels": ()})
    measure, beside = MEASURES["blood-pressure-control"], MEASURES["abdominal-ct-use"]
    assert two_measures(found, measure, beside) is None
    assert standing_sites(found, more_is_better=True) is None
    assert levels_forest(found) is None
    assert two_measures(partition(balancing=False), measure, beside) is None


@BOTH
def test_as_a_file_it_carries_its_colours_for_light_dark_print_and_forced(width):
    text = standing_alone(
        two_way(PLOTS["ordinary"], width), style_sheet(embedded=True), "A title"
    )
    for media in ("dark", "forced-colors", "print"):
        assert media in text
    assert "style=" not in text
    assert ".centre-line" in text
    assert ".aim-line" in text
