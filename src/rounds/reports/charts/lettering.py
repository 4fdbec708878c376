"""Where words go on a chart, so that none lies on another."""

from collections.abc import Sequence

__all__ = ["apart", "shortened", "width_of", "wrapped"]

_NARROW = set("iljtfr.,:;'’!|()[] ′·")
_WIDE = set("mwMW%@—")


def width_of(words: str, *, bold: bool = False) -> float:
    """Give about the width of words in 12 px Inter, on the generous side.

    Examples
    --------
    >>> round(width_of("Mean 58.1%")), round(width_of("Mean 58.1%", bold=True))
    (77, 81)
    """
    total = 0.0
    for character in words:
        if character in _NARROW:
            total += 4.4
        elif character in _WIDE:
            total += 11.2
        elif character.isdigit() or character.isupper():
            total += 8.2
        else:
            total += 7.0
    return total * (1.06 if bold else 1.0)


def shortened(words: str, room: float, *, bold: bool = False) -> str:
    """Cut words off where there is no room for them, and say so.

    Examples
    --------
    >>> shortened("Saint Bartholomew", 80), shortened("Clinic", 80)
    ('Saint Barth…', 'Clinic')
    """
    if width_of(words, bold=bold) <= room:
        return words
    while words and width_of(f"{words}…", bold=bold) > room:
        words = words[:-1]
    return f"{words.rstrip()}…"


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places along a line until each is so far from the next, within an interval.

    Parameters
    ----------
    places : sequence of float
        Where names would stand best, in any order.
    gap : float
        The least distance of two.
    low, high : float
        Between which all stay, if there is room.

    Returns
    -------
    list of float
        In the order of the places.

    Examples
    --------
    >>> apart([10, 12, 40], 14, 0, 100)
    [4.0, 18.0, 40]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    groups: list[tuple[list[int], float]] = []
    for i in order:
        groups.append(([i], places[i]))
        while len(groups) > 1:
            (before, at), (after, then) = groups[-2:]
            need = gap * (len(before) + len(after)) / 2
            if then - at >= need - 1e-9:
                break
            both = [*before, *after]
            middle = (at * len(before) + then * len(after)) / len(both)
            groups[-2:] = [(both, middle)]
    found = [0.0] * len(places)
    floor = low
    for members, middle in groups:
        half = gap * (len(members) - 1) / 2
        start = max(min(middle, high - half) - half, floor)
        for k, i in enumerate(members):
            found[i] = start + k * gap if len(members) > 1 else max(middle, start)
        floor = start + len(members) * gap
    return found


def wrapped(parts: Sequence[str], room: float, *, between: str = " · ") -> list[str]:
    """Join parts into lines that fit into a width.

    Examples
    --------
    >>> wrapped(["Mean 58.1%", "Target 60%"], 100)
    ['Mean 58.1%', 'Target 60%']
    """
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}{between}{part}" if lines else part
        if lines and width_of(joined) <= room:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines
