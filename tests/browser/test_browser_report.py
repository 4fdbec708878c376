"""The report in a real browser: accessible, on a telephone too, in the dark, on paper."""

import runpy
from pathlib import Path

import pytest

from rounds.reports import render, render_html

HERE = Path(__file__).parent
CHROMIUM = runpy.run_path(str(HERE / "chromium.py"))
STORIES = runpy.run_path(str(HERE.parent / "stories" / "hypertension.py"))
MADE = {
    "whole turn": STORIES["full"],
    "sealed": lambda: STORIES["full"]("extend", sealed=True),
    "problem alone": STORIES["tiny"],
}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_report_can_be_read_by_everyone(tmp_path, dark):
    """axe finds nothing, nothing scrolls sideways, no text of a chart is too small."""
    pages = [render_html(make()) for make in MADE.values()]
    found = CHROMIUM["look"](tmp_path, pages, dark=dark)
    assert [seen["width"] for seen in found] == [1280, 390] * len(MADE)
    for seen in found:
        assert seen["violations"] == []
        assert seen["passes"] > 20
        assert seen["overflow"] <= 0
        assert seen["smallest"] >= 8
        assert seen["cut"] == []
        assert seen["font"] == 3  # both weights of Inter, and Source Serif
        assert seen["dark"] is dark
        assert seen["plots"] >= 1


def test_axe_would_see_a_mistake(tmp_path):
    """The probe is not blind: a picture without a name and pale words are found."""
    page = (
        render_html(STORIES["tiny"]())
        .replace("<main>", '<main><img src="data:,"><p class="pale">Pale words</p>')
        .replace("</style>", ".pale { color: #ddd; background: #fff }</style>", 1)
    )
    found = " ".join(
        CHROMIUM["look"](tmp_path, [page], widths=(1280,))[0]["violations"]
    )
    assert "image-alt" in found
    assert "color-contrast" in found


def test_the_report_prints(tmp_path):
    path = render(STORIES["full"](), tmp_path / "report.html")
    paper = tmp_path / "report.pdf"
    CHROMIUM["run"](
        tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", path.as_uri()
    )
    pdf = paper.read_bytes()
    assert pdf.startswith(b"%PDF")
    pages = pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page /") or pdf.count(
        b"/Type /Page"
    )
    assert 5 <= pages <= 30
