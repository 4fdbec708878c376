"""A measure's results as a table: for people, and as CSV at full precision."""

import csv
import io
from collections.abc import Sequence
from typing import Final, TypeAlias

from rounds.conduct import period_name
from rounds.nouns import MeasureResult, NotEstimable, Period, UnitResult
from rounds.nouns.spreadsheet_cells import as_cells

__all__ = ["HIDDEN", "UNKNOWN", "measure_csv", "period_rows", "unit_rows"]

Answer: TypeAlias = tuple[Period, MeasureResult | NotEstimable]
"""A period, and what was found of it."""

HIDDEN: Final = "–"
"""What people see where a count is left out."""
UNKNOWN: Final = "n/a"
"""What people see where nothing could be said of a period."""
_MOST_COLUMNS: Final = 6
"""So many units stand beside each other; more stand below each other."""
_HEADER: Final = ("numerator", "denominator", "value", "95% interval")
_BESIDE_MODEL: Final = ("expected", "observed / expected")
_NUMBERS: Final = (
    "numerator",
    "denominator",
    "value",
    "lower",
    "upper",
    "numerator_total",
    "denominator_total",
    "expected",
    "observed_to_expected",
    "observed_to_expected_lower",
    "observed_to_expected_upper",
)


def unit_rows(result: MeasureResult, by: str) -> list[tuple[str, ...]]:
    """Give the table of one result: a header, a row for each unit, and the whole.

    Parameters
    ----------
    result : MeasureResult
        As the gate gives it.
    by : str
        What its units are, as the header says it.

    Returns
    -------
    list of tuple of str
        Unit, numerator, denominator, value, interval; and, beside a risk model, what
        was expected.
    """
    modelled = _is_modelled([result])
    header = (by, *_HEADER, *(_BESIDE_MODEL if modelled else ()))
    return [header, *(_cells(result, one, modelled) for one in _units(result))]


def period_rows(answers: Sequence[Answer]) -> list[tuple[str, ...]]:
    """Give the table of several periods: a header, and a row for each.

    A few units stand beside each other, a column each, with the value and how many it
    is of. More of them, and what stands beside a risk model, stand below each other, a
    row each with every number.

    Parameters
    ----------
    answers : sequence of (Period, MeasureResult or NotEstimable)
        As the gate gives them.

    Returns
    -------
    list of tuple of str
        `HIDDEN` stands where counts are left out, `UNKNOWN` where a period could not
        be answered, and nothing where nobody of a unit was counted in a period.
    """
    results = [one for _, one in answers if isinstance(one, MeasureResult)]
    units = _columns(results)
    if units and len(units) <= _MOST_COLUMNS and not _is_modelled(results):
        return _wide(answers, units)
    return _long(answers, results)


def measure_csv(answers: Sequence[Answer]) -> str:
    """Write every number of some results, at full precision.

    Parameters
    ----------
    answers : sequence of (Period, MeasureResult or NotEstimable)
        As the gate gives them: one period or several.

    Returns
    -------
    str
        CSV (RFC 4180) with a header, a line for each unit of each period and one for
        the whole, whose unit is `overall`; an empty cell where there is no number. A
        line names the snapshot that it was counted on: what was told before is told
        again as it was.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    days = ("period_start", "period_end")
    last = ("suppressed", "snapshot", "not_estimable")
    writer.writerow([*days, "by", "unit", *_NUMBERS, *last])
    for period, found in answers:
        when = (period.start.isoformat(), period.end.isoformat())
        if isinstance(found, NotEstimable):
            nothing = [""] * (len(_NUMBERS) + 2)
            writer.writerow(as_cells([*when, "", "overall", *nothing, found.reason]))
            continue
        for unit in _units(found):
            by = "" if unit is found.overall else found.by_characteristic
            numbers = [getattr(unit, name) for name in _NUMBERS]
            hidden = str(unit.suppressed).lower()
            of = found.snapshot or ""
            row = [*when, by, unit.unit, *numbers, hidden, of, ""]
            writer.writerow(as_cells(row))
    return text.getvalue()


def _units(result: MeasureResult) -> tuple[UnitResult, ...]:
    return (*result.by, result.overall)


def _is_modelled(results: Sequence[MeasureResult]) -> bool:
    """Say whether something is expected of what is shown."""
    return any(
        unit.observed_to_expected is not None for one in results for unit in _units(one)
    )


def _columns(results: Sequence[MeasureResult]) -> list[str]:
    """Give the units of all periods, in the order of the period that has the most."""
    ordered = sorted(results, key=lambda one: -len(one.by))
    return list(dict.fromkeys(unit.unit for one in ordered for unit in one.by))


def _wide(answers: Sequence[Answer], units: list[str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("period", *units, "overall")]
    for period, found in answers:
        if isinstance(found, NotEstimable):
            cells = (UNKNOWN,) * (len(units) + 1)
        else:
            known = {unit.unit: _short(found, unit) for unit in found.by}
            whole = _short(found, found.overall)
            cells = (*(known.get(name, "") for name in units), whole)
        rows.append((period_name(period), *cells))
    return rows


def _long(
    answers: Sequence[Answer], results: Sequence[MeasureResult]
) -> list[tuple[str, ...]]:
    modelled = _is_modelled(results)
    split = next((one.by_characteristic for one in results if one.by), None)
    header = (*_HEADER, *(_BESIDE_MODEL if modelled else ()))
    rows: list[tuple[str, ...]] = [("period", *([split] if split else []), *header)]
    for period, found in answers:
        name = period_name(period)
        if isinstance(found, NotEstimable):
            said = ("overall",) if split else ()
            rows.append((name, *said, *(UNKNOWN for _ in header)))
            continue
        for unit in _units(found):
            cells = _cells(found, unit, modelled)
            rows.append((name, *(cells if split else cells[1:])))
    return rows


def _cells(result: MeasureResult, unit: UnitResult, modelled: bool) -> tuple[str, ...]:
    """Give a unit's name and its numbers, each with thousands apart."""
    interval = HIDDEN
    if unit.lower is not None and unit.upper is not None:
        low, high = _value(result, unit.lower), _value(result, unit.upper)
        interval = f"{low} to {high}"
    return (
        unit.unit,
        _count(unit.numerator),
        _count(unit.denominator),
        _value(result, unit.value),
        interval,
        *(_expected(unit) if modelled else ()),
    )


def _short(result: MeasureResult, unit: UnitResult) -> str:
    """Give a unit's value and how many it is of, in one cell."""
    if unit.value is None:
        return HIDDEN
    return f"{_value(result, unit.value)} of {_count(unit.denominator)}"


def _expected(unit: UnitResult) -> tuple[str, str]:
    ratio, low = unit.observed_to_expected, unit.observed_to_expected_lower
    if unit.expected is None or ratio is None or low is None:
        return (HIDDEN, HIDDEN)
    interval = f"{low:.2f} to {unit.observed_to_expected_upper:.2f}"
    return (f"{unit.expected:.1f}", f"{ratio:.2f} ({interval})")


def _count(found: int | None) -> str:
    return HIDDEN if found is None else f"{found:,}"


def _value(result: MeasureResult, found: float | None) -> str:
    form = ".1%" if result.scoring == "proportion" else ",.4g"
    return HIDDEN if found is None else f"{found:{form}}"
