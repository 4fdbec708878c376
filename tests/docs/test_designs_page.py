"""Every design that is offered has its proof, and the manual's table of it is true."""

import re
from pathlib import Path
from typing import get_args

import pytest

from rounds.conduct.demo.options import DemoDesign
from rounds.loop.evaluation.designs import ALLOCATED, DESIGNS
from rounds.loop.evaluation.spreadsheet import SHEET_DESIGNS

REPO = Path(__file__).parents[2]
PAGE = REPO / "docs/reference/designs.md"
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+)(?:#([^)\s]+))?\)")
FOLDERS = ("tests/truth/", "tests/truth/", "tests/crosscheck/")
"""Of the first three columns: truth, broken worlds, others' numbers."""


def rows_below(page, heading):
    """Give the cells of the first table below a heading, by the name in its first."""
    table = page.partition(heading)[2].partition("|---")[2].partition("\n\n")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[1:]]
    return {line[0].strip("`"): line[1:] for line in lines}


PROVEN = rows_below(PAGE.read_text("utf-8"), "# What each design")
SHEETS = rows_below(PAGE.read_text("utf-8"), "## From a spreadsheet")
LOOPS = rows_below(PAGE.read_text("utf-8"), "## In a thousand loops")


def is_of(cell, folder="tests/"):
    """Say whether a cell names a test that is there, in a file of a folder."""
    name, target, _ = LINK.fullmatch(cell).groups()
    file = (PAGE.parent / target).resolve()
    within = file.relative_to(REPO.resolve()).as_posix().startswith(folder)
    return within and f"\ndef {name}(" in file.read_text("utf-8")


def anchors(page):
    """Give what a heading can be linked by."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {anchor_of(head) for head in heads}


def anchor_of(head):
    return re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")


def section(page, anchor):
    """Give what stands below the heading of an anchor, up to the next."""
    for part in re.split(r"^#+ ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        if anchor_of(part.partition("\n")[0]) == anchor:
            return part
    raise AssertionError(anchor)


def test_every_design_that_a_protocol_may_have_is_there():
    assert set(PROVEN) == {*DESIGNS, *ALLOCATED}


def test_every_design_of_the_demo_is_one_of_them():
    others = {"parallel": "clinic", "adaptive": "response_adaptive"}
    asked = {others.get(name, name.replace("-", "_")) for name in get_args(DemoDesign)}
    assert asked <= set(PROVEN)


def test_every_design_of_the_demo_has_its_loops_in_the_manual():
    """And below that heading stands the command that printed them."""
    assert set(LOOPS) == set(get_args(DemoDesign))
    for name, (design, link) in LOOPS.items():
        assert design.strip("`") in PROVEN
        _, target, anchor = LINK.fullmatch(link).groups()
        page = PAGE.parent / target
        assert anchor in anchors(page)
        below = section(page, anchor)
        command = "rounds simulate --loops"
        asked = command if name == "parallel" else rf"{command} \d+ --design {name}`"
        assert re.search(asked, below)
        assert "false adopt" in below


def test_every_design_of_a_spreadsheet_is_there_and_is_one_of_them():
    assert set(SHEETS) == {*SHEET_DESIGNS, "factorial"}
    assert {cells[0].strip("`") for cells in SHEETS.values()} <= set(PROVEN)
    assert all(is_of(cells[1]) for cells in SHEETS.values())


@pytest.mark.parametrize("design", PROVEN)
def test_its_tests_its_page_its_accuracy_and_its_report_are_there(design):
    *tests, how, right, report = PROVEN[design]
    for cell, folder in zip(tests, FOLDERS, strict=True):
        assert is_of(cell, folder), cell
    assert is_of(report), report
    _, target, _ = LINK.fullmatch(how).groups()
    assert (PAGE.parent / target).exists(), target
    _, target, anchor = LINK.fullmatch(right).groups()
    assert anchor in anchors(PAGE.parent / target), anchor


@pytest.mark.parametrize(
    ("cell", "folder"),
    [
        ("[test_no_such](../../tests/docs/test_pages.py)", "tests/"),
        ("[test_links_to_files_lead_somewhere](../../tests/docs/test_pages.py)", "x/"),
    ],
)
def test_a_test_that_is_not_there_is_noticed(cell, folder):
    assert not is_of(cell, folder)
