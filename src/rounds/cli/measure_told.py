"""How `rounds measure run` speaks: what of a result is said, in JSON and in lines."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from rounds.cli.output import number, table

if TYPE_CHECKING:
    from rounds.nouns import MeasureResult, NotEstimable, Period, UnitResult

__all__ = ["told_of_one", "told_of_several"]

Answer: TypeAlias = "tuple[Period, MeasureResult | NotEstimable]"
Told: TypeAlias = tuple[dict[str, Any], list[str]]
_LEFT_OUT = "– : suppressed, a small count could be worked out from it"


def told_of_one(title: str, answer: Answer, by: str) -> Told:
    """Give what is said of one period, as JSON has it and as lines."""
    from rounds.nouns import NotEstimable
    from rounds.reports.measure_table import unit_rows

    period, found = answer
    if isinstance(found, NotEstimable):
        return _object(found), [f"{title}: {number(found)}"]
    header, *rows = unit_rows(found, by)
    lines = [f"{title}, {period.start} to {period.end}", *table(header, rows)]
    lines += ["", *_left_out_note(rows), *_unused(found.unused_codes)]
    return _object(found), [*lines, *(f"* {said}" for said in found.limitations)]


def told_of_several(
    title: str, asked: "Period", answers: Sequence[Answer], every: tuple[str, int]
) -> Told:
    """Give what is said of several periods: a table, and what they have in common.

    Parameters
    ----------
    title : str
        The measure's.
    asked : Period
        The time that was asked for.
    answers : sequence of (Period, MeasureResult or NotEstimable)
        Each period, and what was found of it.
    every : (str, int)
        `month`, `quarter` or `year`, and of how many of them a period is.
    """
    from rounds.conduct import period_name
    from rounds.nouns import MeasureResult, NotEstimable
    from rounds.reports.measure_table import UNKNOWN, period_rows

    unit, rolling = every
    results = [one for _, one in answers if isinstance(one, MeasureResult)]
    unused = _once(said for one in results for said in one.unused_codes)
    limitations = _of_periods(answers)
    left_out = _left_out(asked, answers)
    told: dict[str, Any] = {
        "every": unit,
        "rolling": rolling,
        "left_out": [{"start": start, "end": end} for start, end in left_out],
        "periods": [
            {"period": period, "name": period_name(period), **_counted(found)}
            for period, found in answers
        ],
        "unused_codes": unused,
        "limitations": limitations,
    }
    header, *rows = period_rows(answers)
    length = "" if rolling == 1 else f", {rolling} {unit}s long"
    first, last = answers[0][0].start, answers[-1][0].end
    lines = [f"{title}, every {unit}{length}, {first} to {last}", *table(header, rows)]
    lines += ["", *_left_out_note(rows)]
    if any("" in row for row in rows):
        lines.append("an empty cell : nothing could be counted of that unit")
    reasons: dict[str, list[str]] = {}
    for period, found in answers:
        if isinstance(found, NotEstimable):
            reasons.setdefault(found.reason, []).append(period_name(period))
    lines += [
        f"{UNKNOWN} : {', '.join(names)}: {reason}" for reason, names in reasons.items()
    ]
    lines += [*_unused(unused), *(f"* {said}" for said in limitations)]
    lines += [f"* {a} to {b} makes no whole {unit}: left out." for a, b in left_out]
    return told, lines


def _left_out_note(rows: Iterable[Sequence[str]]) -> list[str]:
    """Say what a dash is, where there is one."""
    from rounds.reports.measure_table import HIDDEN

    return [_LEFT_OUT] if any(HIDDEN in row for row in rows) else []


def _left_out(
    asked: "Period", answers: Sequence[Answer]
) -> list[tuple[dt.date, dt.date]]:
    """Give the days at either end that are in no period."""
    day = dt.timedelta(days=1)
    first, last = answers[0][0].start, answers[-1][0].end
    ends = [(asked.start, first - day)] if asked.start < first else []
    return ends + ([(last + day, asked.end)] if last < asked.end else [])


def _of_periods(answers: Sequence[Answer]) -> list[str]:
    """Give limitations once each, with the periods that they are of if not of all."""
    from rounds.conduct import period_name
    from rounds.nouns import MeasureResult

    found: dict[str, list[str]] = {}
    n = 0
    for period, one in answers:
        if isinstance(one, MeasureResult):
            n += 1
            for said in one.limitations:
                found.setdefault(said, []).append(period_name(period))
    return [
        said if len(names) == n else f"{', '.join(names)}: {said}"
        for said, names in found.items()
    ]


def _once(said: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(said))


def _unused(codes: Sequence[str]) -> list[str]:
    if not codes:
        return []
    return ["", "Codes that the data never use:", *(f"  {said}" for said in codes)]


def _counted(found: "MeasureResult | NotEstimable") -> dict[str, Any]:
    """Give one of several periods, and the snapshot that its numbers are of."""
    from rounds.nouns import NotEstimable

    of = {} if isinstance(found, NotEstimable) else {"snapshot": found.snapshot}
    return of | _object(found)


def _object(found: "MeasureResult | NotEstimable") -> dict[str, Any]:
    from rounds.nouns import NotEstimable

    if isinstance(found, NotEstimable):
        return {"not_estimable": found.reason, "populations": {}, "by": []}
    populations, overall = found.populations, found.overall
    return {
        "populations": populations,
        "suppressed": overall.suppressed or None in populations.values(),
        "overall": _unit(overall),
        "by": [_unit(one) for one in found.by],
        "unused_codes": list(found.unused_codes),
        "limitations": list(found.limitations),
    }


def _unit(unit: "UnitResult") -> dict[str, Any]:
    return {
        "site": unit.unit,
        "denominator": unit.denominator,
        "numerator": unit.numerator,
        "value": unit.value,
        "lower": unit.lower,
        "upper": unit.upper,
        "suppressed": unit.suppressed,
        **_beyond(unit),
    }


def _beyond(unit: "UnitResult") -> dict[str, Any]:
    """Give what a ratio and a risk model add; nothing of a plain proportion."""
    names = (
        "numerator_total",
        "denominator_total",
        "expected",
        "observed_to_expected",
        "observed_to_expected_lower",
        "observed_to_expected_upper",
    )
    found = {name: getattr(unit, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}
