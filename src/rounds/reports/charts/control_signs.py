"""The signs of a control chart: icons of variation and assurance, and the legend."""

from typing import Literal

from rounds.reports.charts.canvas import Canvas, Mark
from rounds.reports.charts.lettering import width_of

__all__ = [
    "ASSURANCES",
    "LEGEND",
    "VARIATIONS",
    "AssuranceSign",
    "Entry",
    "Flag",
    "VariationSign",
    "draw_flag",
    "draw_legend",
    "draw_signs",
    "legend_rows",
    "signs_height",
]

Flag = Literal["none", "better", "worse", "high", "low"]
"""What a signal is: for better, for worse, or neither, and where values lie then."""
VariationSign = Literal[
    "common_cause",
    "improvement_high",
    "improvement_low",
    "concern_high",
    "concern_low",
    "neutral_high",
    "neutral_low",
]
AssuranceSign = Literal["pass", "fail", "hit_or_miss"]
Entry = Flag | Literal["beyond"]
"""Of the legend: a mark, or the ring around one."""

VARIATIONS: dict[VariationSign, str] = {
    "common_cause": "Latest: common cause",
    "improvement_high": "Latest: improvement, high",
    "improvement_low": "Latest: improvement, low",
    "concern_high": "Latest: concern, high",
    "concern_low": "Latest: concern, low",
    "neutral_high": "Latest: special cause, high",
    "neutral_low": "Latest: special cause, low",
}
ASSURANCES: dict[AssuranceSign, str] = {
    "pass": "Target: will be met",
    "fail": "Target: will be missed",
    "hit_or_miss": "Target: hit or miss",
}
LEGEND: dict[Flag, str] = {
    "none": "Common cause",
    "better": "Special cause: improvement",
    "worse": "Special cause: concern",
    "high": "Special cause: high",
    "low": "Special cause: low",
}
_MARKS: dict[Flag, tuple[Mark, str]] = {
    "none": ("dot", "common"),
    "better": ("square", "improvement"),
    "worse": ("diamond", "concern"),
    "high": ("triangle", "neutral"),
    "low": ("inverted", "neutral"),
}
_CSS = {"common": "common", "improvement": "improvement", "concern": "concern"}
_RADIUS = 10.0


def draw_flag(
    canvas: Canvas, x: float, y: float, flag: Flag, *, ringed: bool = False
) -> None:
    """Draw the mark of a point; a ring around it says that it lies beyond a limit."""
    if ringed:
        canvas.circle(x, y, 8.5, f"ring-{_MARKS[flag][1]} beyond")
    shape, css = _MARKS[flag]
    size = 4.0 if flag == "none" else 4.2
    canvas.mark(x, y, shape, css, size)


def draw_signs(
    canvas: Canvas,
    x: float,
    y: float,
    signs: tuple[VariationSign | None, AssuranceSign | None],
    room: float,
) -> None:
    """Draw the icons with their words from a place rightwards, two lines if need be.

    Parameters
    ----------
    canvas : Canvas
        What is drawn on.
    x, y : float
        Left edge, and the middle of the first icon.
    signs : (VariationSign or None, AssuranceSign or None)
        Which icons; None leaves one out.
    room : float
        Width, from the left edge.
    """
    at, line = x, y
    for words, css, letter in _signs(signs):
        needed = 2 * _RADIUS + 6 + width_of(words)
        if at > x and at + needed > x + room:
            at, line = x, line + 2 * _RADIUS + 6
        canvas.circle(at + _RADIUS, line, _RADIUS, f"sign {css}")
        if letter:
            canvas.text(at + _RADIUS, line + 4, letter, f"sign {css}", "middle")
        else:
            left = at + _RADIUS - 6
            wave = f"M{left:.1f} {line:.1f}q3 -6 6 0t6 0"
            canvas.path(wave, "sign-wave")
        canvas.text(at + 2 * _RADIUS + 6, line + 4, words, "strong")
        at += needed + 18


def signs_height(
    signs: tuple[VariationSign | None, AssuranceSign | None], room: float
) -> float:
    """Give the height that the icons take; 0 where there are none."""
    shown = list(_signs(signs))
    if not shown:
        return 0.0
    widths = [2 * _RADIUS + 6 + width_of(words) for words, _, _ in shown]
    rows = 1 if sum(widths) + 18 * (len(widths) - 1) <= room else len(widths)
    return rows * (2 * _RADIUS + 6) + 6


def _signs(
    signs: tuple[VariationSign | None, AssuranceSign | None],
) -> list[tuple[str, str, str]]:
    variation, assurance = signs
    found = []
    if variation is not None:
        kind, _, level = variation.partition("_")
        letter = {"high": "H", "low": "L"}.get(level, "")
        found.append((VARIATIONS[variation], _CSS.get(kind, "neutral"), letter))
    if assurance is not None:
        css = {"pass": "improvement", "fail": "concern", "hit_or_miss": "common"}
        letter = {"pass": "P", "fail": "F", "hit_or_miss": "?"}[assurance]
        found.append((ASSURANCES[assurance], css[assurance], letter))
    return found


def legend_rows(flags: list[Flag], *, ringed: bool, room: float) -> list[list[Entry]]:
    """Share the legend's entries out over lines."""
    entries: list[Entry] = [*flags]
    if ringed:
        entries.append("beyond")
    rows: list[list[Entry]] = [[]]
    used = 0.0
    for entry in entries:
        needed = 14 + width_of(_legend_words(entry)) + 18
        if rows[-1] and used + needed > room:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += needed
    return rows


def draw_legend(canvas: Canvas, x: float, y: float, rows: list[list[Entry]]) -> None:
    """Draw the legend's lines downwards from a base line."""
    for row, entries in enumerate(rows):
        at, line = x, y + 20 * row
        for entry in entries:
            if entry == "beyond":
                canvas.circle(at + 5, line - 4, 5.5, "ring-common beyond")
            else:
                draw_flag(canvas, at + 5, line - 4, entry)
            words = _legend_words(entry)
            canvas.text(at + 16, line, words, "muted")
            at += 14 + width_of(words) + 18


def _legend_words(entry: Entry) -> str:
    return "Beyond a limit" if entry == "beyond" else LEGEND[entry]
