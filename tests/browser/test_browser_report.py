"""The report in a real browser: accessible, on a telephone too, in the dark, on paper."""

import runpy
from pathlib import Path

import pytest

from rounds.reports import render, render_html
from rounds.reports.brief import brief_html
from rounds.reports.checklists import checklist, checklist_html
from stories.told_designs import priced_factorial

HERE = Path(__file__).parent
CHROMIUM = runpy.run_path(str(HERE / "chromium.py"))
STORIES = runpy.run_path(str(HERE.parent / "stories" / "hypertension.py"))
MADE = {
    "whole turn": STORIES["full"],
    "sealed": lambda: STORIES["full"]("extend", sealed=True),
    "problem alone": STORIES["tiny"],
    "two cards with costs": priced_factorial,
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


def test_brief_and_checklists_can_be_read_by_everyone(tmp_path):
    pages = [
        brief_html(STORIES["full"]()),
        checklist_html(checklist(STORIES["full"](), "consort")),
    ]
    for seen in CHROMIUM["look"](tmp_path, pages):
        assert seen["violations"] == []
        assert seen["passes"] > 10
        assert seen["overflow"] <= 0


@pytest.mark.parametrize("name", ["whole turn", "sealed", "two cards with costs"])
def test_the_brief_is_one_sheet_of_paper(tmp_path, name):
    page, paper = tmp_path / "brief.html", tmp_path / "brief.pdf"
    page.write_text(brief_html(MADE[name]()), encoding="utf-8")
    CHROMIUM["run"](
        tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", page.as_uri()
    )
    assert _pages(paper.read_bytes()) == 1


def test_the_report_prints(tmp_path):
    path = render(STORIES["full"](), tmp_path / "report.html")
    paper = tmp_path / "report.pdf"
    CHROMIUM["run"](
        tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={paper}", path.as_uri()
    )
    pdf = paper.read_bytes()
    assert pdf.startswith(b"%PDF")
    assert 5 <= _pages(pdf) <= 30
    # What a reader may fold away on a screen stands open on paper.
    html = path.read_text("utf-8")
    assert html.count("<details>") > 3
    path.write_text(html.replace("<details>", "<details open>"), encoding="utf-8")
    opened = tmp_path / "opened.pdf"
    CHROMIUM["run"](
        tmp_path, "--no-pdf-header-footer", f"--print-to-pdf={opened}", path.as_uri()
    )
    assert _pages(opened.read_bytes()) == _pages(pdf)


def _pages(pdf):
    pages = pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page /")
    return pages or pdf.count(b"/Type /Page")
