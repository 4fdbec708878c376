"""The least and the greatest value that a number, a date or a time may stand for.

References
----------
.. [1] HL7, FHIRPath, sections lowBoundary and highBoundary:
   https://build.fhir.org/ig/HL7/FHIRPath/#lowboundaryprecision-integer-decimal--date--datetime--time
"""

from rounds.datamart.sql_on_fhir.elements import family
from rounds.datamart.sql_on_fhir.fhirpath import FhirPathError
from rounds.datamart.sql_on_fhir.navigation import child
from rounds.datamart.sql_on_fhir.shape import text
from rounds.datamart.sql_on_fhir.values import Value, only

__all__ = ["boundary"]

_LENGTHS = {
    "date": {4: 4, 6: 7, 8: 10},
    "dateTime": {4: 4, 6: 7, 8: 10, 10: 13, 12: 16, 14: 19, 17: 23},
    "time": {2: 2, 4: 5, 6: 8, 9: 12},
}
"""How many characters a number of digits takes, for each type."""

_FILL = {
    False: "0001-01-01T00:00:00.000",
    True: "9999-12-31T23:59:59.999",
}
_ZONE = {False: "+14:00", True: "-12:00"}
_WIDE = "DECIMAL(38, 12)"
_MOST_DIGITS = 8
_MOST_PLACES = 40


def boundary(value: Value, *, high: bool, precision: int | None) -> Value:
    """Give the lowest or the highest value, to a number of digits.

    Without a number it is 8 decimal places, a day, a millisecond. A time of day without
    a zone is meant at the earliest or latest zone there is, +14:00 and -12:00.

    Notes
    -----
    A number is as precise as its digits say: 6.5 stands for [6.45, 6.55], 1.5e-7 for
    [1.45e-7, 1.55e-7]. The engine's JSON reader hands on the number that a resource
    holds and not how it was written: 1.50 comes as 1.5, and 1.5e3 as 1500.0, so their
    boundaries are those of 1.5 and 1500.0. What cannot be computed exactly, from 1e26
    on, has none.
    """
    if value.kind == "Period":
        value = child(value, "end" if high else "start")
    kind = family(value.kind)
    value = only(value)
    if kind == "number":
        return _decimal(value, high=high, precision=precision)
    if value.kind == "date":
        return _date(value, high=high, precision=precision)
    if kind == "date":
        return _moment(value, high=high, precision=precision)
    if kind == "time":
        return _time(value, high=high, precision=precision)
    if not value.kind:
        return value
    name = "highBoundary" if high else "lowBoundary"
    raise FhirPathError(
        f"{name}() is of a decimal, a date, a dateTime, a time or a Period, "
        f"not of a {value.kind}"
    )


def _decimal(value: Value, *, high: bool, precision: int | None) -> Value:
    digits = _MOST_DIGITS if precision is None else precision
    if not 0 <= digits <= _MOST_DIGITS:
        return Value("NULL", "decimal")
    written = f"lower(CAST({value.sql} AS VARCHAR))"
    places = f"length(split_part(split_part({written}, 'e', 1), '.', 2))"
    # 1.5e-7 is known to eight places, 1.5e3 to the hundreds; beyond _MOST_PLACES, what
    # follows is empty.
    power = f"coalesce(TRY_CAST(split_part({written}, 'e', 2) AS BIGINT), 0)"
    places = f"greatest(least({places} - {power}, {_MOST_PLACES}), -{_MOST_PLACES})"
    half = (
        f"TRY_CAST(CASE WHEN {places} < 0 THEN '5' || repeat('0', -1 - {places}) "
        f"ELSE '0.' || repeat('0', {places}) || '5' END AS {_WIDE})"
    )
    exact = f"TRY_CAST({written} AS {_WIDE}) {'+' if high else '-'} {half}"
    kind = f"DECIMAL(38, {digits})"
    near = f"CAST({exact} AS {kind})"
    step = f"CAST({text(f'{10.0**-digits:.{digits}f}')} AS {kind})"
    beyond = f"{near} < {exact}" if high else f"{near} > {exact}"
    sign = "+" if high else "-"
    moved = f"CASE WHEN {beyond} THEN {near} {sign} {step} ELSE {near} END"
    sql = f"(CASE WHEN {places} < 12 THEN CAST({moved} AS VARCHAR) END)"
    return Value(sql, "decimal")


def _characters(kind: str, precision: int | None) -> int:
    lengths = _LENGTHS[kind]
    if precision is None:
        return max(lengths.values())
    if precision not in lengths:
        known = ", ".join(str(each) for each in lengths)
        raise FhirPathError(f"the precision of a {kind} is one of {known}")
    return lengths[precision]


def _filled(body: str, *, high: bool) -> str:
    """Write a date or a moment to the millisecond; a month ends on its last day."""
    filled = f"({body} || substr({text(_FILL[high])}, length({body}) + 1))"
    if not high:
        return filled
    last = f"CAST(last_day(TRY_CAST({body} || '-01' AS DATE)) AS VARCHAR)"
    month = f"({last} || substr({text(_FILL[high])}, 11))"
    return f"(CASE WHEN length({body}) = 7 THEN {month} ELSE {filled} END)"


def _date(value: Value, *, high: bool, precision: int | None) -> Value:
    length = _characters("date", precision)
    filled = _filled(value.sql, high=high)
    return Value(f"left({filled}, {length})", "date")


def _moment(value: Value, *, high: bool, precision: int | None) -> Value:
    length = _characters("dateTime", precision)
    zone = f"regexp_extract({value.sql}, 'T.*?(Z|[+-][0-9:]+)$', 1)"
    body = f"left({value.sql}, length({value.sql}) - length({zone}))"
    moment = f"left({_filled(body, high=high)}, {length})"
    if length > _LENGTHS["date"][8]:
        moment = f"{moment} || coalesce(nullif({zone}, ''), {text(_ZONE[high])})"
    return Value(f"({moment})", value.kind)


def _time(value: Value, *, high: bool, precision: int | None) -> Value:
    length = _characters("time", precision)
    fill = text(_FILL[high][11:])
    filled = f"{value.sql} || substr({fill}, length({value.sql}) + 1)"
    return Value(f"left({filled}, {length})", "time")
