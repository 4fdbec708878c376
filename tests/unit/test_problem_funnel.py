"""The funnel of a spreadsheet: its numbers, its words, its pictures."""

import csv
import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rounds.cli.main import main
from rounds.loop.problem.comparing import Sheet, compare
from rounds.loop.problem.comparing_words import notes, sentences
from rounds.methods.funnels.exact_limits import binomial_limits
from rounds.methods.funnels.unit_comparison import compare_units
from rounds.reports import style_sheet
from rounds.reports.charts import NARROW, WIDE, funnel, standing_alone
from rounds.reports.figures import units_funnel
from rounds.reports.plain_language import flesch_kincaid_grade

SHEET = style_sheet(embedded=False)
SVG = "{http://www.w3.org/2000/svg}"
N = [47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360]
R = [0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24]


@pytest.fixture
def surgical(tmp_path):
    path = tmp_path / "surgical.csv"
    rows = [
        f"Hospital {c},{r},{n}" for c, r, n in zip("ABCDEFGHIJKL", R, N, strict=True)
    ]
    path.write_text("hospital,deaths,operations\n" + "\n".join(rows) + "\n")
    return path


OPTIONS = ["--numerator", "deaths", "--denominator", "operations", "--unit", "hospital"]


def told(capsys, path, *options):
    assert main(["problem", "funnel", str(path), *OPTIONS, *options, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_holds_every_number_at_full_precision(capsys, surgical):
    found = told(capsys, surgical)
    wanted = compare_units("proportion", R, N)
    assert found["target"] == wanted.target
    assert found["overdispersion"]["phi"] == wanted.dispersion.phi
    assert found["overdispersion"]["tau2"] == wanted.dispersion.tau2
    for i, one in enumerate(found["units"]):
        assert one["value"] == R[i] / N[i]
        assert one["z"] == wanted.z[i]
        assert one["limits"][1]["lower"] == wanted.lower[1, i]
        assert one["limits"][1]["upper"] == wanted.upper[1, i]
    assert [one["side"]["0.998"] for one in found["units"]] == ["below"] + [
        "within"
    ] * 11
    assert found["levels"] == [0.95, 0.998]


def test_parquet_and_repeated_rows_give_the_same(capsys, surgical, tmp_path):
    """Two half-years of a hospital are added up."""
    names = [f"Hospital {c}" for c in "ABCDEFGHIJKL"]
    first = [r // 2 for r in R]
    half = [n // 2 for n in N]
    path = tmp_path / "surgical.parquet"
    pq.write_table(
        pa.table(
            {
                "hospital": names * 2,
                "deaths": first + [r - f for r, f in zip(R, first, strict=True)],
                "operations": half + [n - h for n, h in zip(N, half, strict=True)],
            }
        ),
        path,
    )
    ours, theirs = told(capsys, path), told(capsys, surgical)
    assert ours["units"] == theirs["units"]


def test_exact_limits_are_those_of_the_textbook(capsys, surgical):
    found = told(capsys, surgical, "--overdispersion", "none")
    lower, upper = binomial_limits([215], sum(R) / sum(N), 0.998)
    ends = found["units"][7]["limits"][1]
    assert (ends["lower"], ends["upper"]) == (lower[0], upper[0])
    assert found["limits_are"] == "exact"
    assert "Hospital H (above)" in found["summary"][0]
    assert "limits are those of chance alone" in found["notes"][0]


def test_csv_has_a_row_for_each_unit_and_the_picture_its_numbers(
    capsys, surgical, tmp_path
):
    svg, table = tmp_path / "f.svg", tmp_path / "f.csv"
    found = told(capsys, surgical, "--svg", str(svg), "--csv", str(table))
    with table.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["value"]) for row in rows] == [u["value"] for u in found["units"]]
    assert [float(row["limit_high_0.998"]) for row in rows] == [
        u["limits"][1]["upper"] for u in found["units"]
    ]
    for path, width in ((svg, WIDE), (tmp_path / "f-phone.svg", NARROW)):
        drawn = ET.fromstring(path.read_text("utf-8"))
        marks = [e for e in drawn.iter() if "mark" in e.get("class", "")]
        words = {e.text for e in drawn.iter(f"{SVG}text")}
        legend = {"Within the limits", "Outside the limits", "95% limits"}
        assert legend <= words
        assert len(marks) == 12 + 2  # the units, and the legend's
        assert float(drawn.get("width")) == width
        style = drawn.find(f"{SVG}style").text
        for query in ("prefers-color-scheme: dark", "forced-colors", "@media print"):
            assert query in style
        # Letters are as wide as they were measured only with the typeface inside.
        assert 'url("data:font/woff2' in style
        assert "<script" not in path.read_text("utf-8")


def test_the_text_is_a_table_and_two_sentences(capsys, surgical):
    assert main(["problem", "funnel", str(surgical), *OPTIONS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["Hospital", "A", "0", "47", "0.0%", "0.0%", "to", "7.6%",
                                "below"]  # fmt: skip
    assert len(lines[1:13]) == 12
    assert lines[14] == (
        "1 of the 12 units lies outside the limits around the average of 7.4%: "
        "Hospital A (below)."
    )
    assert lines[15].startswith("The limits leave room for chance and for how units")


def sheet(family, events, size):
    n = len(events)
    return Sheet(
        name="sheet.csv",
        unit=np.array([f"Unit {i:03d}" for i in range(n)], dtype=object),
        events=np.array(events, dtype=float),
        size=np.array(size, dtype=float),
        lines=np.arange(2, n + 2),
        family=family,
    )


def test_sentences_say_no_more_than_the_numbers():
    """Each unit outside is named on its side; none outside is no proof of likeness."""
    rng = np.random.default_rng(7)
    for family in ("proportion", "rate", "ratio"):
        for _ in range(40):
            size = rng.integers(10, 200, 30)
            x = rng.binomial(size, np.clip(rng.normal(0.3, 0.15, 30), 0, 1))
            below = size if family == "proportion" else size * 0.3
            found = compare(sheet(family, x, below))
            first, second = sentences(found)
            count = len(found.named(1)) + len(found.named(-1))
            if count:
                assert first.startswith(f"{count} of the 30 units")
                shown = set(re.findall(r"Unit \d{3}", first))
                assert shown <= {*found.named(1), *found.named(-1)}
            else:
                assert first.startswith("None of the 30 units")
            alone = found.comparison.chance_alone
            assert ("at most 2 times in 1,000" in second) is alone
            assert "does not tell why" in second
            small = any("too small" in note for note in notes(found))
            assert small is bool(found.too_small.any())
            assert flesch_kincaid_grade([second]) <= 8


def test_small_units_are_shown_and_marked_and_never_hidden():
    found = compare(sheet("proportion", [1, 40, 45, 38], [4, 200, 210, 190]))
    assert found.names == ("Unit 000", "Unit 001", "Unit 002", "Unit 003")
    assert found.too_small.tolist() == [True, False, False, False]
    extreme = compare(
        sheet("proportion", [6, 20, 22, 18], [6, 400, 410, 390]), overdispersion="none"
    )
    assert extreme.named(1) == ["Unit 000"]
    assert extreme.too_small[0]


def test_an_expectation_that_does_not_fit_is_said():
    found = compare(sheet("ratio", [150, 140, 160], [100.0, 100.0, 100.0]))
    assert any("expectation does not fit" in note for note in notes(found))
    found = compare(sheet("ratio", [98, 103, 101], [100.0, 100.0, 100.0]))
    assert not any("expectation does not fit" in note for note in notes(found))


def boxes(text):
    """Give each text's box, with letters as wide as the widest usual typeface's."""
    for e in text.iter(f"{SVG}text"):
        bold = {"strong"} & set(e.get("class", "").split())
        width = len(e.text) * (8.0 if bold else 7.0)
        x, y = float(e.get("x")), float(e.get("y"))
        start = {"start": x, "middle": x - width / 2, "end": x - width}[
            e.get("text-anchor", "start")
        ]
        yield e.text, start, start + width, y - 9, y + 3


def crowded(family, *, seed, spread, name):
    rng = np.random.default_rng(seed)
    size = rng.integers(5, 400, 60)
    p = np.clip(0.3 * np.exp(spread * rng.standard_normal(60)), 0, 1)
    x = rng.binomial(size, p)
    below = size if family == "proportion" else size * 0.3
    found = compare(sheet(family, x, below), overdispersion="none")
    plot = units_funnel(
        found.comparison,
        [f"{name} {i}" for i in range(60)],
        (found.curve, found.curve_lower, found.curve_upper),
        title="Units in a funnel",
        across="Patients in the denominator",
        centre_name="Average",
        improvement="down",
    )
    return plot, found


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("family", ["proportion", "rate", "ratio"])
@pytest.mark.parametrize("name", ["A", "Practice of Saint Bartholomew by the River"])
def test_no_text_of_the_picture_overlaps_is_clipped_or_tiny(width, family, name):
    """However crowded: boxes of letters do not meet, and lie on the paper."""
    for seed in range(8):
        plot, _ = crowded(family, seed=seed, spread=0.5, name=name)
        drawn = ET.fromstring(
            standing_alone(funnel(plot, width), SHEET, "A title " * 6)
        )
        view = [float(v) for v in drawn.get("viewBox").split()]
        found = list(boxes(drawn))
        for text, left, right, top, bottom in found:
            assert left >= -1, text
            assert right <= width + 1, text
            assert top >= view[1], text
            assert bottom <= view[1] + view[3], text
        for i, (one, left, right, top, bottom) in enumerate(found):
            for two, left2, right2, top2, bottom2 in found[i + 1 :]:
                apart = (
                    right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
                )
                assert apart, (one, two, seed)
        sizes = re.findall(r"font: \d+ ([\d.]+)px", drawn.find(f"{SVG}style").text)
        assert min(map(float, sizes)) >= 12


def test_a_picture_with_overlapping_words_would_be_caught():
    drawn = ET.fromstring(
        '<svg xmlns="http://www.w3.org/2000/svg"><text x="0" y="20">Hello there</text>'
        '<text x="30" y="22">World</text></svg>'
    )
    (_, _, right, _, bottom), (_, left, _, top, _) = boxes(drawn)
    assert right > left
    assert bottom > top


def test_marks_stand_where_the_numbers_are():
    plot, found = crowded("ratio", seed=3, spread=0.3, name="U")
    bare = replace(plot, legend=False)  # whose marks are of no unit
    drawn = ET.fromstring(standing_alone(funnel(bare, WIDE), SHEET))
    dots = [e for e in drawn.iter(f"{SVG}circle") if "common" in e.get("class")]
    inside = found.comparison.side(0.998) == 0
    assert len(dots) == int(inside.sum())
    across = np.array([float(dot.get("cx")) for dot in dots])
    down = np.array([float(dot.get("cy")) for dot in dots])
    size, value = found.comparison.size[inside], found.comparison.value[inside]
    for drawn_at, number in ((across, size), (down, value)):
        slope, start = np.polyfit(number, drawn_at, 1)
        assert drawn_at == pytest.approx(slope * number + start, abs=0.11)
    square = [
        e for e in drawn.iter(f"{SVG}path") if "improvement" in e.get("class", "")
    ]
    diamond = [e for e in drawn.iter(f"{SVG}path") if "concern" in e.get("class", "")]
    assert (len(square), len(diamond)) == (len(found.named(-1)), len(found.named(1)))
