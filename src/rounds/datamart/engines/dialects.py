"""The SQL that measures are written in, and what it is in another dialect.

Measures are written once, in a subset of DuckDB's SQL that other engines can run:

- SELECT with plain joins, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT; UNION, INTERSECT
  and EXCEPT; derived tables; `x IN (SELECT …)` and EXISTS; CASE; window functions.
- `QUALIFY` over windows, and `SEMI JOIN` and `ANTI JOIN … USING`, of which others know
  nothing: they become a derived table and EXISTS.
- A day is a DATE. It moves by whole days, `day + 5`, or by an INTERVAL and a cast back
  to DATE; `date_diff('day', one, other)` counts days. A column that holds a day is
  called `day`, `until`, `index_end` or `…_date`. A month is `date_trunc('month', day)`,
  a DATE; parts of a day are `year()`, `month()`, `day()`.
- A time is a TIMESTAMP, as written, without a zone: it moves by an INTERVAL of hours,
  and `date_trunc('day', time)` is its midnight.
- A number is BIGINT or DOUBLE, never a decimal, which others average and round in other
  ways. `a // b` truncates; a quotient has a DOUBLE in it; `round(x, n)` goes half away
  from zero, as `definitions.units` has it.
- A set of up to `MOST_PERIODS` things is a BIGINT with a bit for each: `x & y`,
  `x | y`, and `bit_or(x)` of rows, always in brackets where they are compared.
- A text is compared and ordered by its code points, whatever the database's language.
- NULLs come last. An alias of a SELECT is not read again in it, but by QUALIFY.
- No list, struct, lambda, `unnest`, `GROUP BY ALL`, `max_by`, or parameter.
- A name of a CDM table is that table; every other table is one that a statement made.

What a dialect lacks is rewritten in the parsed statement, so that sqlglot, which writes
the rest, meets nothing that it would have to guess.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import ErrorLevel, exp

from rounds.datamart.compiling.period_sets import MOST_PERIODS
from rounds.datamart.engines.booleans import without_booleans

__all__ = ["DIALECTS", "parsed", "translated", "written"]

DIALECTS: Final = (
    "duckdb",
    "postgres",
    "spark",
    "databricks",
    "trino",
    "snowflake",
    "bigquery",
    "tsql",
)
"""sqlglot's names of the dialects that measures are written in."""

_DAYS: Final = frozenset({"day", "until", "index_end"})
_ADDS_NUMBERS: Final = frozenset({"duckdb", "postgres"})
"""Dialects in which a day plus a number is a day."""


@lru_cache(maxsize=4096)
def translated(sql: str, dialect: str) -> str:
    """Write a statement of the subset in a dialect.

    Parameters
    ----------
    sql : str
        One SELECT of the subset.
    dialect : str
        One of `DIALECTS`.

    Returns
    -------
    str
        One SELECT; in `duckdb` it is what was given.

    Raises
    ------
    sqlglot.errors.SqlglotError
        If the statement is not of the subset: a fault of ours, not of the reader's.
    """
    if dialect == "duckdb":
        return sql
    return written(parsed(sql), dialect)


def parsed(sql: str) -> exp.Expr:
    """Parse one statement of the subset."""
    return sqlglot.parse_one(sql, read="duckdb")


def written(tree: exp.Expr, dialect: str) -> str:
    """Write a parsed statement in a dialect; the tree is not kept as it was."""
    tree = _without_qualify(tree)
    _without_semi_joins(tree)
    _name_derived(tree)
    if dialect != "tsql":
        for node in list(tree.find_all(exp.DateTrunc, exp.TimestampTrunc)):
            node.replace(_cut(node, dialect))
    for rounded in list(tree.find_all(exp.Round)):
        rounded.replace(_rounded(rounded))
    for quotient in list(tree.find_all(exp.IntDiv)):
        quotient.replace(exp.cast(quotient.copy(), "BIGINT"))
    if dialect not in _ADDS_NUMBERS:
        _move_days(tree, dialect)
    if dialect == "tsql":
        for gathered in list(tree.find_all(exp.BitwiseOrAgg)):
            gathered.replace(_bit_by_bit(gathered))
        tree = without_booleans(tree)
    return tree.sql(dialect=dialect, unsupported_level=ErrorLevel.RAISE)


def _without_qualify(tree: exp.Expr) -> exp.Expr:
    """Keep rows by a window in a SELECT around the one that has it."""
    for select in reversed(list(tree.find_all(exp.Select))):
        if select.args.get("qualify") is None:
            continue
        outer = _around(select.copy())
        if select is tree:
            tree = outer
        else:
            select.replace(outer)
    return tree


def _around(inner: exp.Select) -> exp.Select:
    qualify = inner.args["qualify"]
    inner.set("qualify", None)
    outputs = list(inner.expressions)
    aliases = {one.alias: one.this for one in outputs if isinstance(one, exp.Alias)}
    for n, window in enumerate(list(qualify.find_all(exp.Window))):
        digest = hashlib.sha256(window.sql(dialect="duckdb").encode()).hexdigest()
        name = f"kept_{n}_{digest[:12]}"
        _resolve(window, aliases)
        inner.append("expressions", exp.alias_(window.copy(), name))
        window.replace(exp.column(name))
    has_star = any(one.is_star for one in outputs)
    names: Iterable[exp.Expr] = [exp.Star()]
    if not has_star:
        names = [exp.column(one.alias_or_name) for one in outputs]
    return exp.select(*names).from_(inner.subquery("ranked")).where(qualify.this)


def _resolve(window: exp.Expr, aliases: dict[str, exp.Expr]) -> None:
    """Put what an alias stands for where a window reads it."""
    for column in list(window.find_all(exp.Column)):
        if not column.table and column.name in aliases:
            column.replace(aliases[column.name].copy())


def _without_semi_joins(tree: exp.Expr) -> None:
    """Ask with EXISTS whether there is another row, or none."""
    for n, join in enumerate(list(tree.find_all(exp.Join))):
        if join.kind not in {"SEMI", "ANTI"}:
            continue
        select = join.parent
        assert isinstance(select, exp.Select), "a join stands in a SELECT"
        left = select.args["from_"].this.alias_or_name
        other = f"other_{n}"
        source = join.this.copy()
        source.set("alias", exp.TableAlias(this=exp.to_identifier(other)))
        wanted = [
            exp.column(key.name, other).eq(exp.column(key.name, left))
            for key in join.args["using"]
        ]
        there = exp.Exists(this=exp.select("1").from_(source).where(*wanted))
        join.pop()
        found = there if join.kind == "SEMI" else exp.not_(there)
        select.where(found, copy=False)


def _name_derived(tree: exp.Expr) -> None:
    """Give each derived table a name, which most dialects ask for."""
    for n, table in enumerate(tree.find_all(exp.Subquery)):
        if isinstance(table.parent, exp.From | exp.Join) and not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(f"q_{n}")))


def _cut(node: exp.Expr, dialect: str) -> exp.Expr:
    """Give the first day of a month as a DATE, or the midnight of a time."""
    cut, unit = node.this.copy(), node.args["unit"].name.upper()
    assert unit in {"MONTH", "DAY"}, "months are cut to days, times to midnight"
    if unit == "DAY":
        return exp.TimestampTrunc(this=cut, unit=exp.var(unit))
    if dialect == "postgres":
        # Else it would be a time of the session's zone.
        time = exp.cast(cut, "TIMESTAMP")
        return exp.cast(exp.TimestampTrunc(this=time, unit=exp.var(unit)), "DATE")
    # sqlglot leaves its constructor untyped.
    return exp.DateTrunc(this=cut, unit=exp.var(unit))  # type: ignore[no-untyped-call]


def _rounded(node: exp.Round) -> exp.Expr:
    """Round half away from zero in doubles, as `definitions.units.Conversion` does.

    Others round half to even, or round the decimal that a double is shown as.
    """
    power = f"CAST(1e{int(node.args['decimals'].name)} AS DOUBLE)"
    scaled = f"(({node.this.sql(dialect='duckdb')}) * {power})"

    def up(one: str) -> str:
        more = f"CASE WHEN {one} - floor({one}) >= 0.5 THEN 1 ELSE 0 END"
        return f"CAST(floor({one}) + {more} AS DOUBLE)"

    # From 2**52 on a double is whole.
    text = (
        f"(CASE WHEN abs({scaled}) >= 4503599627370496 THEN {scaled} "
        f"WHEN {scaled} < 0 THEN -{up(f'(-{scaled})')} ELSE {up(scaled)} END / {power})"
    )
    made = parsed(f"SELECT {text}").expressions[0]
    assert isinstance(made, exp.Expr), "one expression is selected"
    return made


def _bit_by_bit(node: exp.BitwiseOrAgg) -> exp.Expr:
    """Gather the bits of sets one by one, where nothing gathers all at once."""
    one = node.this.sql(dialect="duckdb")
    bits = " + ".join(f"max(({one}) & {2**n})" for n in range(MOST_PERIODS))
    made = parsed(f"SELECT ({bits})").expressions[0]
    assert isinstance(made, exp.Expr), "one expression is selected"
    return made


def _move_days(tree: exp.Expr, dialect: str) -> None:
    """Name the arithmetic of days, where a day is no number."""
    for node in list(tree.find_all(exp.Add, exp.Sub)):
        by, unit = node.expression, exp.var("DAY")
        if isinstance(by, exp.Interval):
            if dialect != "tsql":
                continue  # The others have intervals.
            by, unit = exp.Literal.number(by.this.name), exp.var(by.args["unit"].name)
        elif not _is_day(node.this):
            continue
        elif isinstance(node, exp.Sub) and _is_day(by):
            one, other = node.this.copy(), by.copy()
            node.replace(exp.DateDiff(this=one, expression=other, unit=unit))
            continue
        days = by.copy() if isinstance(node, exp.Add) else exp.Neg(this=by.copy())
        node.replace(exp.DateAdd(this=node.this.copy(), expression=days, unit=unit))


def _is_day(node: exp.Expr) -> bool:
    node = node.unnest()
    if isinstance(node, exp.Cast):
        return node.is_type("DATE")
    if isinstance(node, exp.Min | exp.Max):
        return _is_day(node.this)
    return isinstance(node, exp.Column) and (
        node.name in _DAYS or node.name.endswith("_date")
    )
