"""The legend of a funnel that stands alone: its marks, and its limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from rounds.reports.charts.canvas import Canvas, Mark
from rounds.reports.charts.lettering import width_of

__all__ = ["MARKS", "Entry", "draw_entries", "entry_rows"]

MARKS: dict[str, tuple[Mark, str]] = {
    "none": ("dot", "common"),
    "better": ("square", "improvement"),
    "worse": ("diamond", "concern"),
    "outside": ("triangle", "truth"),
}
"""The mark of a unit by its flag, and the class of that mark."""
_WORDS = {
    "none": "Within the limits",
    "better": "Outside: better",
    "worse": "Outside: worse",
    "outside": "Outside the limits",
}
_KEY = 24
"""Width of what stands before the words."""
_LINE = 20


@dataclass(frozen=True)
class Entry:
    """A mark by its flag, or a limit's line by its class."""

    key: str
    words: str


def entry_rows(
    flags: Sequence[str], limits: Sequence[tuple[str, str]], room: float
) -> list[list[Entry]]:
    """Share a legend's entries out over lines.

    Parameters
    ----------
    flags : sequence of str
        Of the units that are drawn; each is named once.
    limits : sequence of (str, str)
        Class and words of each limit's line.
    room : float
        Width of a line.
    """
    entries = [Entry(flag, words) for flag, words in _WORDS.items() if flag in flags]
    entries += [Entry(css, words) for css, words in limits]
    rows: list[list[Entry]] = [[]]
    used = 0.0
    for entry in entries:
        needed = _KEY + width_of(entry.words) + 14
        if rows[-1] and used + needed > room:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += needed
    return rows


def draw_entries(
    canvas: Canvas, x: float, y: float, rows: Sequence[Sequence[Entry]]
) -> None:
    """Draw a legend's lines downwards from a base line."""
    for row, entries in enumerate(rows):
        at, line = x, y + _LINE * row
        for entry in entries:
            if entry.key in MARKS:
                shape, css = MARKS[entry.key]
                canvas.mark(at + 9, line - 4, shape, css, 4.5)
            else:
                canvas.line(at, line - 4, at + 18, line - 4, f"limit {entry.key}")
            canvas.text(at + _KEY, line, entry.words, "muted")
            at += _KEY + width_of(entry.words) + 14
