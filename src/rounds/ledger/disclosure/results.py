"""Small counts in the results of a measure, as `rounds measure run` shows them."""

from collections.abc import Mapping

from rounds.ledger.disclosure.cells import suppress_counted
from rounds.methods.disclosure import is_small
from rounds.nouns import MeasureResult, UnitResult

__all__ = ["hide_unit", "safe_measure_result", "safe_populations", "safe_results"]


def safe_results(
    results: tuple[UnitResult, ...], total: UnitResult | None = None
) -> tuple[tuple[UnitResult, ...], UnitResult | None]:
    """Hide small counts among units, and what would give them back.

    Parameters
    ----------
    results : tuple of UnitResult
        A measure by unit, with exact counts.
    total : UnitResult, optional
        The same measure overall; without it, the units' sum is taken to be known.

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
        results, pair, suppressed=[unit.suppressed for unit in results]
    )
    shown = tuple(
        hide_unit(unit) if hide else unit
        for unit, hide in zip(results, found.cells, strict=True)
    )
    if total is not None and found.total:
        total = hide_unit(total)
    return shown, total


def safe_measure_result(result: MeasureResult) -> MeasureResult:
    """Hide small counts in a measure's result, overall and by unit."""
    by, overall = safe_results(result.by, result.overall)
    if not result.by:
        (overall,), _ = safe_results((result.overall,))
    counts = {name: n for name, n in result.populations.items() if n is not None}
    shown = safe_populations(counts, overall)
    populations = {name: shown.get(name) for name in result.populations}
    return result.model_copy(
        update={"by": by, "overall": overall, "populations": populations}
    )


def hide_unit(unit: UnitResult) -> UnitResult:
    """Give the unit's label and nothing else."""
    return UnitResult(unit=unit.unit, suppressed=True)


def safe_populations(
    populations: Mapping[str, int], total: UnitResult | None = None
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

    Returns
    -------
    dict of str to int or None
        None where hidden, in the same order.

    Examples
    --------
    >>> safe_populations({"initial_population": 100, "denominator": 97})
    {'initial_population': 100, 'denominator': None}
    """
    shown: list[int] = []
    if total is not None and total.denominator is not None:
        shown = [total.denominator, total.numerator or 0]
    answer: dict[str, int | None] = dict.fromkeys(populations)
    withheld = {"denominator", "numerator"} if total and total.suppressed else set()
    for name, count in sorted(populations.items(), key=lambda item: -item[1]):
        if name in withheld:
            continue
        if not is_small(count) and not _derives_small(count, shown):
            shown.append(count)
            answer[name] = count
    return answer


def _derives_small(count: int, shown: list[int]) -> bool:
    """Say whether it differs by a small count from one shown, or from two together."""
    sums = {a + b for i, a in enumerate(shown) for b in shown[i + 1 :]}
    return any(is_small(abs(count - other)) for other in {*shown, *sums}) or any(
        is_small(abs(a - b - count)) for a in shown for b in shown
    )
