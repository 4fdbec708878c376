"""Small counts in the results of a measure, as `rounds measure run` shows them."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from rounds.ledger.disclosure.cells import suppress_counted
from rounds.ledger.disclosure.wording import safe_texts
from rounds.methods.disclosure.suppression import THRESHOLD, is_small, suppress
from rounds.nouns import MeasureResult, UnitResult

__all__ = [
    "hide_unit",
    "safe_counts",
    "safe_measure_result",
    "safe_populations",
    "safe_results",
]


def safe_results(
    results: tuple[UnitResult, ...],
    total: UnitResult | None = None,
    *,
    threshold: int = THRESHOLD,
) -> tuple[tuple[UnitResult, ...], UnitResult | None]:
    """Hide small counts among units, and what would give them back.

    Parameters
    ----------
    results : tuple of UnitResult
        A measure by unit, with exact counts.
    total : UnitResult, optional
        The same measure overall; without it, the units' sum is taken to be known.
    threshold : int
        Greatest small count.

    Returns
    -------
    (tuple of UnitResult, UnitResult or None)
        The same, in the same order; where a unit is suppressed its counts, value and
        interval are None and `suppressed` is true.

    Examples
    --------
    >>> a = UnitResult(unit="a", denominator=40, numerator=20, value=0.5)
    >>> b = UnitResult(unit="b", denominator=30, numerator=4, value=4 / 30)
    >>> units, whole = safe_results((a, b))
    >>> [unit.suppressed for unit in units]
    [True, True]
    """
    known = total is not None and total.denominator is not None
    pair = (total.denominator or 0, total.numerator or 0) if total and known else None
    found = suppress_counted(
        results,
        pair,
        suppressed=[unit.suppressed for unit in results],
        threshold=threshold,
    )
    shown = tuple(
        hide_unit(unit) if hide else unit
        for unit, hide in zip(results, found.cells, strict=True)
    )
    if total is not None and found.total:
        total = hide_unit(total)
    return shown, total


def safe_measure_result(
    result: MeasureResult, *, threshold: int = THRESHOLD
) -> MeasureResult:
    """Hide small counts in a measure's result, overall and by unit."""
    by, overall = safe_results(result.by, result.overall, threshold=threshold)
    if not result.by:
        (overall,), _ = safe_results((result.overall,), threshold=threshold)
    counts = {name: n for name, n in result.populations.items() if n is not None}
    shown = safe_populations(counts, overall, threshold=threshold)
    populations = {name: shown.get(name) for name in result.populations}
    changed = {
        "by": by,
        "overall": overall,
        "populations": populations,
        "limitations": safe_texts(result.limitations),
    }
    return result.model_copy(update=changed)


def safe_counts(
    counts: Mapping[str, int], *, total: str | None = None, threshold: int = THRESHOLD
) -> dict[str, int | None]:
    """Hide small counts in a list, and with a total what would give them back.

    Parameters
    ----------
    counts : mapping of str to int
        Persons, by name.
    total : str, optional
        The one that the others add up to, if they do.
    threshold : int
        Greatest small count.

    Returns
    -------
    dict of str to int or None
        None where hidden, in the same order.

    Raises
    ------
    ValueError
        If there is no count named as the total.

    Examples
    --------
    >>> safe_counts({"all": 75, "F": 40, "M": 35, "X": 0}, total="all")
    {'all': 75, 'F': 40, 'M': 35, 'X': 0}
    >>> safe_counts({"all": 45, "F": 40, "M": 5}, total="all")
    {'all': 45, 'F': None, 'M': None}
    """
    if total is None:
        return {n: None if is_small(c, threshold) else c for n, c in counts.items()}
    if total not in counts:
        raise ValueError(f"total is {total!r}; expected one of {sorted(counts)}")
    parts = [name for name in counts if name != total]
    sizes = np.array([counts[name] for name in parts], dtype=np.int64)
    found = suppress(sizes, total=(counts[total], 0), threshold=threshold)
    hidden = dict(zip(parts, found.cells.tolist(), strict=True)) | {total: found.total}
    return {name: None if hidden[name] else count for name, count in counts.items()}


def hide_unit(unit: UnitResult) -> UnitResult:
    """Give the unit's label and nothing else."""
    return UnitResult(unit=unit.unit, suppressed=True)


def safe_populations(
    populations: Mapping[str, int],
    total: UnitResult | None = None,
    *,
    threshold: int = THRESHOLD,
) -> dict[str, int | None]:
    """Hide population counts that are small, or whose differences are.

    The populations of a measure hold one another (the denominator lies within the
    initial population), so that the difference of two is a count of persons as well.

    Parameters
    ----------
    populations : mapping of str to int
        FHIR Measure population and its persons.
    total : UnitResult, optional
        The overall result as it will be shown, after `safe_results`.
    threshold : int
        Greatest small count.

    Returns
    -------
    dict of str to int or None
        None where hidden, in the same order.

    Examples
    --------
    >>> safe_populations({"initial_population": 100, "denominator": 97})
    {'initial_population': 100, 'denominator': None}
    """
    shown: dict[str, int] = {}
    withheld: set[str] = set()
    if total is not None and total.suppressed:
        withheld = {"denominator", "numerator"}
    elif total is not None:
        overall = {"denominator": total.denominator, "numerator": total.numerator}
        shown = {name: count for name, count in overall.items() if count is not None}
    ordered = sorted(populations, key=lambda name: -populations[name])
    for name in ordered:
        with_it = {**shown, name: populations[name]}
        if name in withheld or name in shown:
            continue
        if not _gives_back(with_it, threshold):
            shown = with_it
    return {
        name: count if shown.get(name) == count else None
        for name, count in populations.items()
    }


_PARTS = {
    "initial_population": (
        "denominator",
        "denominator_exclusion",
        "denominator_exception",
    ),
    "denominator": ("numerator", "numerator_exclusion"),
}
"""Populations that lie side by side within another."""


def _gives_back(shown: Mapping[str, int], threshold: int) -> bool:
    """Say whether a count, or what is left of a whole without some parts, is small."""
    if any(is_small(count, threshold) for count in shown.values()):
        return True
    return any(
        is_small(shown[whole] - sum(shown[part] for part in some), threshold)
        for whole, parts in _PARTS.items()
        if whole in shown
        for size in range(1, len(parts) + 1)
        for some in combinations([part for part in parts if part in shown], size)
    )
