"""The manual's links lead somewhere, and its words help."""

import re
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
PAGES = [
    *sorted(REPO.glob("*.md")),
    *sorted((REPO / "docs").rglob("*.md")),
    *sorted((REPO / "src").rglob("README.md")),
]
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(#[^)\s]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(REPO).as_posix())
def test_links_to_files_lead_somewhere(page):
    for target, _ in LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(REPO).as_posix())
def test_no_page_calls_anything_simple_or_obvious(page):
    """What is simple to the writer is not so to the reader who is stuck."""
    prose = re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    found = re.findall(
        r"\b(simply|obviously|of course|trivially)\b", prose, re.IGNORECASE
    )
    assert found == []
