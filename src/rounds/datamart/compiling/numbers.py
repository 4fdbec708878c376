"""Numbers as SQL: readings, ages, days between, and the scores made of them.

Each is a table (sid, value) with a row for every subject that has one.
"""

from typing import TYPE_CHECKING, Final

from rounds.datamart.compiling.points import double
from rounds.nouns import DaysBetween, Number, Reading, Score, Years

if TYPE_CHECKING:
    from rounds.datamart.compiling.nodes import Statement

__all__ = ["number"]

_LARGEST: Final = "700"
"""Of an exponent: the exponential of a larger one is no number of a computer."""


def number(statement: "Statement", node: Number, subjects: str) -> str:
    """Name the table of a number, for subjects that have one."""
    if isinstance(node, Reading):
        return _reading(statement, node, subjects)
    if isinstance(node, Score):
        return _score(statement, node, subjects)
    joins: list[str] = []
    if isinstance(node, Years):
        value = statement.years(node.at, subjects, joins)
    else:
        assert isinstance(node, DaysBetween), f"no SQL for {type(node).__name__}"
        start = statement.moment(node.start, subjects, joins).day
        end = statement.moment(node.end, subjects, joins).day
        value = f"date_diff('day', {start}, {end})"
        if node.otherwise is not None:
            value = f"coalesce({value}, {double(node.otherwise)})"
    return statement.table(
        "number",
        f"SELECT sid, value FROM (SELECT s.sid, CAST({value} AS DOUBLE) AS value "
        f"FROM {subjects} s{''.join(dict.fromkeys(joins))}) v WHERE value IS NOT NULL",
    )


def _reading(statement: "Statement", node: Reading, subjects: str) -> str:
    joined = statement.joined(node.events, subjects)
    if node.day is not None:
        days = statement.days(node.day, subjects)
        joined += (
            f" JOIN (SELECT sid, max(day) AS day FROM {days} GROUP BY sid) d"
            " ON d.sid = s.sid AND d.day = e.day"
        )
    if node.pick in {"count", "days"}:
        what = "*" if node.pick == "count" else "DISTINCT e.day"
        query = f"SELECT s.sid, count({what}) AS value FROM {joined} GROUP BY s.sid"
        return _known(statement, query, subjects, "0")
    if node.pick in {"first", "last"}:
        order = "e.day" if node.pick == "first" else "e.day DESC"
        query = (
            "SELECT sid, value FROM (SELECT s.sid, min(e.value) AS value, "
            f"row_number() OVER (PARTITION BY s.sid ORDER BY {order}) AS place "
            f"FROM {joined} WHERE e.value IS NOT NULL GROUP BY s.sid, e.day) v "
            f"WHERE place = {node.nth}"
        )
    else:
        picks = {
            "lowest": "min(e.value)",
            "highest": "max(e.value)",
            # What a sum adds in its last digits hangs on the order of rows.
            "sum": "round(sum(e.value), 9)",
            "mean": "round(sum(e.value) / count(e.value), 9)",
        }
        query = (
            f"SELECT s.sid, {picks[node.pick]} AS value FROM {joined} "
            "WHERE e.value IS NOT NULL GROUP BY s.sid"
        )
    if node.otherwise is not None:
        return _known(statement, query, subjects, double(node.otherwise))
    return statement.table("reading", query)


def _known(statement: "Statement", query: str, subjects: str, absent: str) -> str:
    """Name the table of a number that every subject has."""
    return statement.table(
        "reading",
        f"SELECT s.sid, CAST(coalesce(r.value, {absent}) AS DOUBLE) AS value "
        f"FROM {subjects} s LEFT JOIN ({query}) r ON r.sid = s.sid",
    )


def _score(statement: "Statement", node: Score, subjects: str) -> str:
    total, joins, known = double(node.intercept), "", []
    for place, term in enumerate(node.terms):
        if term.when is not None:
            holds = statement.holds(term.when, subjects)
            value = f"CASE WHEN {holds} THEN {double(1.0)} ELSE {double(0.0)} END"
        else:
            assert term.number is not None, "a term has a criterion or a number"
            table = number(statement, term.number, subjects)
            joins += f" LEFT JOIN {table} n{place} ON n{place}.sid = s.sid"
            value = f"n{place}.value"
            known.append(f"{value} IS NOT NULL")
        total = f"({total} + {double(term.coefficient)} * {value})"
    where = f" WHERE {' AND '.join(known)}" if known else ""
    query = f"SELECT s.sid, {total} AS value FROM {subjects} s{joins}{where}"
    if node.link == "identity":
        return statement.table("score", query)
    power = f"exp(least(greatest(value, -{_LARGEST}), {_LARGEST}))"
    expected = power if node.link == "log" else f"{power} / ({double(1.0)} + {power})"
    return statement.table("score", f"SELECT sid, {expected} AS value FROM ({query}) z")
