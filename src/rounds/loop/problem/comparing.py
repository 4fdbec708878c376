"""Units of a spreadsheet compared fairly: counts in, a funnel and what it says out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.methods.false_discovery import adjusted_p_values
from rounds.methods.funnels.overdispersion import Overdispersion
from rounds.methods.funnels.unit_comparison import (
    Family,
    UnitComparison,
    compare_units,
    limits_at,
)
from rounds.methods.proportion import wilson
from rounds.methods.ratio import observed_to_expected
from rounds.nouns.errors import DataError, DefinitionError

__all__ = ["Compared", "Sheet", "compare"]

_CURVE_POINTS = 120


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The rows of a spreadsheet; several rows of one unit are added up."""

    name: str
    """Of the file."""
    unit: NDArray[Any]
    """Shape (n_rows,): the unit's name."""
    events: NDArray[np.float64]
    size: NDArray[np.float64]
    """Shape (n_rows,): trials, time at risk or expected events."""
    lines: NDArray[np.int64]
    """Shape (n_rows,): where each row stands in the file."""
    family: Family


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What a funnel of units shows, number by number."""

    sheet: str
    names: tuple[str, ...]
    """Of the units compared, in the order of the file."""
    events: NDArray[np.float64]
    comparison: UnitComparison
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    """Shape (n_units,): each unit's own 95% interval (Wilson; exact Poisson)."""
    q_value: NDArray[np.float64]
    """Shape (n_units,): p-values adjusted for how many units are looked at."""
    too_small: NDArray[np.bool_]
    """Shape (n_units,): whether the outermost limits of chance hold both half and twice
    the target (its odds, for a proportion), so that nothing but a very large difference
    could be seen."""
    empty: tuple[str, ...]
    """Units with nothing to count in: shown, and not compared."""
    target_given: bool
    curve: NDArray[np.float64]
    """Shape (n_sizes,): where the limits are drawn."""
    curve_lower: NDArray[np.float64]
    curve_upper: NDArray[np.float64]
    """Shape (n_levels, n_sizes)."""

    def named(self, side: int) -> list[str]:
        """Give the units beyond the outermost limits, above (1) or below (−1)."""
        sides = self.comparison.side(self.comparison.levels[-1])
        return [
            name for name, one in zip(self.names, sides, strict=True) if one == side
        ]


def compare(
    sheet: Sheet,
    *,
    target: float | None = None,
    overdispersion: Overdispersion = "additive",
    levels: Sequence[float] = (0.95, 0.998),
) -> Compared:
    """Compare the units of a spreadsheet with one target.

    Parameters
    ----------
    sheet : Sheet
        Rows as they were read: finite numbers, whole events.
    target : float, optional
        Where the funnel's centre lies; pooled over the units where none is given, and 1
        for observed over expected.
    overdispersion : {"additive", "multiplicative", "none"}
        Whether and how limits allow for units that all differ a little.
    levels : sequence of float
        Coverage of the limits, in (0, 1).

    Returns
    -------
    Compared
        Units with nothing to count in are named in `empty`.

    Raises
    ------
    DataError
        If events exceed trials, are counted against nothing, two names differ only in
        case or spaces, fewer than two units can be compared, or no target can be found
        since none or all had the event.
    DefinitionError
        If the target or a level is impossible.
    """
    _check_rows(sheet)
    names, events, size = _by_unit(sheet)
    some = size > 0
    empty = tuple(name for name, one in zip(names, some, strict=True) if not one)
    names = [name for name, one in zip(names, some, strict=True) if one]
    events, size = events[some], size[some]
    if len(names) < 2:
        raise DataError(
            f"{sheet.name} has {_units(len(names))} to compare, and two are needed.",
            code="comparison-one-unit",
            why="A unit is compared with others, or with nothing.",
            remedies=("Check which column names the unit.",),
        )
    _check_target(sheet, events, size, target)
    try:
        found = compare_units(
            sheet.family,
            events,
            size,
            target=target,
            overdispersion=overdispersion,
            levels=levels,
        )
    except ValueError as error:
        raise DefinitionError(
            f"The units cannot be compared so: {error}.",
            code="comparison-asked",
            remedies=(
                "Write levels in percent, e.g. --limits 95,99.8.",
                "Give a target in the units of the values: 0.2, and not 20%.",
            ),
        ) from None
    lower, upper = _intervals(sheet.family, events, size)
    curve, curve_lower, curve_upper = _curve(found)
    return Compared(
        sheet=sheet.name,
        names=tuple(names),
        events=events,
        comparison=found,
        lower=lower,
        upper=upper,
        q_value=adjusted_p_values(found.p_value),
        too_small=_too_small(found),
        empty=empty,
        target_given=target is not None,
        curve=curve,
        curve_lower=curve_lower,
        curve_upper=curve_upper,
    )


def _check_rows(sheet: Sheet) -> None:
    """Refuse rows that cannot be so, by their lines and never by what they hold."""
    what = {"proportion": "denominator", "rate": "time at risk", "ratio": "expectation"}
    below = what[sheet.family]
    for wrong, said in (
        (sheet.events < 0, "the numerator is below zero"),
        (sheet.events != np.floor(sheet.events), "the numerator is no whole number"),
        (sheet.size < 0, f"the {below} is below zero"),
        ((sheet.size == 0) & (sheet.events > 0), f"events are counted, and no {below}"),
    ):
        _refuse(sheet, wrong, said)
    if sheet.family == "proportion":
        whole = sheet.size == np.floor(sheet.size)
        _refuse(sheet, ~whole, "the denominator is no whole number")
        more = sheet.events > sheet.size
        _refuse(sheet, more, "the numerator is above the denominator")
    folded = np.array([" ".join(str(name).split()).casefold() for name in sheet.unit])
    _, first, group = np.unique(folded, return_index=True, return_inverse=True)
    same = sheet.unit == sheet.unit[first][group]
    _refuse(sheet, ~same, "a unit is written in another way than before")


def _refuse(sheet: Sheet, wrong: NDArray[np.bool_], said: str) -> None:
    if not wrong.any():
        return
    lines = sheet.lines[wrong]
    shown = ", ".join(str(line) for line in lines[:5])
    more = f" and {lines.size - 5} more" if lines.size > 5 else ""
    raise DataError(
        f"{sheet.name}: {said}, on line{'s' if lines.size > 1 else ''} {shown}{more}.",
        code="comparison-row",
        why="A comparison of other rows than those meant would name the wrong units.",
        remedies=(
            "Correct these rows, or take them out.",
            "Check which column is the numerator, and which the denominator.",
            "For events in a time at risk, say --rate.",
        ),
    )


def _check_target(
    sheet: Sheet,
    events: NDArray[np.float64],
    size: NDArray[np.float64],
    target: float | None,
) -> None:
    if target is not None or sheet.family == "ratio":
        return
    none = not events.any()
    every = sheet.family == "proportion" and events.sum() == size.sum()
    if none or every:
        raise DataError(
            f"{sheet.name}: {'no event' if none else 'nothing but events'} in "
            f"{_units(len(events))}, so nothing can be told of differences.",
            code="comparison-no-variation",
            remedies=("Take a longer period.", "Say what is expected, with --target."),
        )


def _by_unit(
    sheet: Sheet,
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    names, first, group = np.unique(
        sheet.unit.astype(str), return_index=True, return_inverse=True
    )
    order = np.argsort(first)
    added = [
        np.asarray(np.bincount(group, weights=column)[order], dtype=float)
        for column in (sheet.events, sheet.size)
    ]
    return [str(name) for name in names[order]], added[0], added[1]


def _intervals(
    family: Family, events: NDArray[np.float64], size: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if family == "proportion":
        _, lower, upper = wilson(events, size)
        return lower, upper
    ends = [
        observed_to_expected(int(x), float(e))[1:]
        for x, e in zip(events, size, strict=True)
    ]
    return np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def _too_small(found: UnitComparison) -> NDArray[np.bool_]:
    half, twice = found.target / 2, found.target * 2
    if found.family == "proportion":
        odds = found.target / (1 - found.target)
        half, twice = odds / 2 / (1 + odds / 2), odds * 2 / (1 + odds * 2)
    # By the limits of chance: over-dispersion is no matter of a unit's size.
    lower, upper = limits_at(
        found.family,
        found.size,
        found.target,
        found.dispersion,
        overdispersion="none",
        level=found.levels[-1],
    )
    return np.asarray((lower < half) & (upper > twice), dtype=bool)


def _curve(
    found: UnitComparison,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    low, high = float(found.size.min()), float(found.size.max()) * 1.06
    sizes = np.geomspace(max(low / 4, high / 1e4), high, _CURVE_POINTS)
    if found.family == "proportion":
        sizes = np.unique(np.maximum(np.round(sizes), 1.0))
    ends = [
        limits_at(
            found.family,
            sizes,
            found.target,
            found.dispersion,
            overdispersion=found.overdispersion,
            level=level,
        )
        for level in found.levels
    ]
    lower, upper = (np.array([pair[i] for pair in ends]) for i in (0, 1))
    return sizes, lower, upper


def _units(n: int) -> str:
    return f"{n} unit" if n == 1 else f"{n} units"
