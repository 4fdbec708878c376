"""OHDSI SQL into the statements of one engine, each ready to be run."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, TypeAlias, get_args

from duckcdm.sqlrender import render, split_sql, translate

from rounds.nouns.errors import DefinitionError

__all__ = ["DIALECTS", "Dialect", "statements", "tables_for_results", "temporary"]

Dialect: TypeAlias = Literal["duckdb", "postgresql", "spark"]
DIALECTS: Final[tuple[str, ...]] = get_args(Dialect)

_RESULTS: Final = {
    "cohort": (
        ("cohort_definition_id", "INTEGER"),
        ("subject_id", "BIGINT"),
        ("cohort_start_date", "DATE"),
        ("cohort_end_date", "DATE"),
    ),
    "attrition": (
        ("cohort_definition_id", "INTEGER"),
        ("person_id", "BIGINT"),
        ("inclusion_rule_mask", "BIGINT"),
        ("event_count", "BIGINT"),
    ),
}
_SESSION: Final = "circetmp"
"""What SqlRender puts before a temporary table where an engine has none."""
_NEEDLESS: Final = re.compile(r"(ANALYZE|UPDATE STATISTICS)\b", re.IGNORECASE)
_EMPTIED: Final = re.compile(r"(?:DELETE FROM|TRUNCATE TABLE)\s+(\S+)", re.IGNORECASE)
_INSERT: Final = re.compile(
    r"INSERT INTO (?P<table>\S+) \(cohort_definition_id, (?P<columns>[^)]*)\)\s*"
    r"(?P<select>SELECT) (?P<id>\d+|@\w+) as cohort_definition_id, ",
    re.IGNORECASE,
)


def tables_for_results(dialect: Dialect, places: dict[str, str]) -> list[str]:
    """Write the two tables that the statements fill.

    Parameters
    ----------
    dialect : {"duckdb", "postgresql", "spark"}
        The engine's.
    places : dict of str to str
        The names of `cohort` and `attrition`.
    """
    made = []
    for name, columns in _RESULTS.items():
        listed = ", ".join(f"{column} {kind}" for column, kind in columns)
        made.append(f"CREATE TABLE {places[name]} ({listed})")
    if dialect == "spark":
        return [
            f"{one} USING PARQUET PARTITIONED BY (cohort_definition_id)" for one in made
        ]
    return made


def statements(
    sql: str, dialect: Dialect, *, scratch: str | None = None
) -> Iterator[str]:
    """Give the statements of an OHDSI script, in order.

    What serves only other engines is left out: statistics, and the emptying of a table
    that the next statement drops. For Spark, which as it is shipped can neither delete
    rows nor write Delta tables, temporary tables are parquet in a schema of their own,
    and a cohort's rows overwrite its partition.

    Parameters
    ----------
    sql : str
        In the dialect that SqlRender reads.
    dialect : {"duckdb", "postgresql", "spark"}
        What to write.
    scratch : str, optional
        A schema for temporary tables, which Spark needs.

    Raises
    ------
    DefinitionError
        If the dialect is another, or Spark has no schema to write to.
    """
    if dialect not in DIALECTS:
        raise DefinitionError(
            f"A cohort cannot be written for {dialect!r}.",
            code="cohort-dialect",
            remedies=(f"Use one of: {', '.join(DIALECTS)}.",),
        )
    if dialect == "spark" and scratch is None:
        raise DefinitionError(
            "Spark has no temporary tables, and no schema for them was given.",
            code="cohort-scratch",
            remedies=(
                "Give the name of a schema that may be written to as `scratch`.",
            ),
        )
    for one in split_sql(render(sql)):
        for statement in _translated(_bare(one), dialect, scratch):
            if not _NEEDLESS.match(statement) and not _EMPTIED.fullmatch(statement):
                yield statement


def temporary(name: str, dialect: Dialect, scratch: str | None = None) -> str:
    """Give what a temporary table is called in the statements of an engine.

    Parameters
    ----------
    name : str
        In the dialect that SqlRender reads: it begins with `#`.
    dialect : {"duckdb", "postgresql", "spark"}
        The engine's.
    scratch : str, optional
        The schema for temporary tables, which Spark needs.
    """
    bare = name.removeprefix("#")
    return f"{scratch}.{_SESSION}{bare}" if dialect == "spark" else bare


@lru_cache(maxsize=4096)
def _translated(one: str, dialect: Dialect, scratch: str | None) -> tuple[str, ...]:
    """Translate one statement; most of a script is the same for every cohort."""
    if dialect != "spark":
        return tuple(filter(None, map(_bare, split_sql(translate(f"{one};", dialect)))))
    written = translate(
        f"{one};", "spark", temp_emulation_schema=scratch, session_id=_SESSION
    )
    return tuple(
        _for_plain_spark(_bare(each)) for each in split_sql(written) if _bare(each)
    )


def _for_plain_spark(statement: str) -> str:
    statement = re.sub(r"USING DELTA", "USING PARQUET", statement)
    if re.match(
        r"DELETE FROM \S+ where cohort_definition_id", statement, re.IGNORECASE
    ):
        table = statement.split()[2]
        return f"DELETE FROM {table}"  # its partition is overwritten: left out
    return _INSERT.sub(_over_partition, statement)


def _over_partition(match: re.Match[str]) -> str:
    table, number, columns = match["table"], match["id"], match["columns"]
    return (
        f"INSERT OVERWRITE {table} PARTITION (cohort_definition_id = {number}) "
        f"({columns}) SELECT "
    )


def _bare(statement: str) -> str:
    """Take away the comments that a statement begins with, and its semicolon."""
    lines = statement.strip().splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("--")):
        lines.pop(0)
    return "\n".join(lines).strip().rstrip(";").rstrip()
