"""Which engines there are: those that are run, and those for which SQL is written."""

from dataclasses import dataclass
from typing import Final, Literal

from rounds.datamart.engines import failures

__all__ = ["SUPPORT", "Support", "support_of"]


@dataclass(frozen=True)
class Support:
    """What Rounds can do with one kind of database."""

    name: str
    """As `rounds.toml` and `--dialect` have it."""
    title: str
    dialect: str
    """sqlglot's name."""
    runs: Literal["run", "notyet"]
    """`notyet`: SQL is written, and parsed again, and nothing is run."""
    told: str
    """What it reads, or why it is not run yet."""


_NO_SERVER: Final = (
    "no such service can be had where the tests run, and what has not been compared "
    "with the reference engine gives no numbers."
)

SUPPORT: Final = (
    Support("duckdb", "DuckDB", "duckdb", "run", "the datamart's own store; a file"),
    Support(
        "postgresql", "PostgreSQL 15", "postgres", "run", "a schema, in one transaction"
    ),
    Support(
        "spark",
        "Apache Spark 4",
        "spark",
        "run",
        "a schema of the catalogue, or parquet files; tested with a local session",
    ),
    Support("databricks", "Databricks", "databricks", "notyet", _NO_SERVER),
    Support("trino", "Trino", "trino", "notyet", _NO_SERVER),
    Support("snowflake", "Snowflake", "snowflake", "notyet", _NO_SERVER),
    Support("bigquery", "BigQuery", "bigquery", "notyet", _NO_SERVER),
    Support("sqlserver", "SQL Server 2022", "tsql", "notyet", _NO_SERVER),
)


def support_of(name: str) -> Support:
    """Give what is known of an engine.

    Raises
    ------
    DefinitionError
        If there is none of that name; the nearest is named.
    """
    for one in SUPPORT:
        if one.name == name:
            return one
    raise failures.unknown(name, [one.name for one in SUPPORT])
