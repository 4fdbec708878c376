"""A last look at what was made, before anyone may read it: nothing may be left over.

Every rule here has been kept already while rows were staged. A mapping that brings
something in by another way is found here, and the load is refused.
"""

from collections.abc import Iterator
from typing import Final

import duckdb

from rounds.datamart.deidentify.classes import class_of
from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.deidentify.values import choice, stands, state, zip3
from rounds.datamart.mapping import cdm_columns, cdm_tables
from rounds.nouns.errors import DataError

__all__ = ["insist_on_none", "settle"]

_CHECKED: Final = {
    "choice", "country", "date", "dropped", "name", "state", "value_text", "zip",
}  # fmt: skip
_COUNTED_ON: Final = (("drug_exposure", "drug_exposure_end_date"),)
"""Dates that a mapping counts from the day on which something began."""


def settle(connection: duckdb.DuckDBPyConnection, plan: DeidentifyPlan) -> None:
    """Bring dates that were counted from a year's first day back to it.

    The end of a supply is counted from its beginning, which `safe_harbor` knows to the
    year: its day would look exact and is not.
    """
    if plan.mode != "safe_harbor":
        return
    for table, column in _COUNTED_ON:
        connection.execute(
            f'UPDATE "{table}" SET "{column}" = date_trunc(\'year\', "{column}") '
            f'WHERE "{column}" <> date_trunc(\'year\', "{column}")'
        )


def insist_on_none(connection: duckdb.DuckDBPyConnection, plan: DeidentifyPlan) -> None:
    """Refuse a part of the datamart in which a column holds what it must not.

    Parameters
    ----------
    connection : DuckDBPyConnection
        On the part, its CDM tables filled.
    plan : DeidentifyPlan
        How it was to be de-identified.

    Raises
    ------
    DataError
        With the names of the columns, and no value of theirs.
    """
    found = []
    for table in cdm_tables():
        tests = dict(_tests(plan, table))
        if not tests:
            continue
        counted = ", ".join(f"count(*) FILTER ({test})" for test in tests.values())
        (counts,) = connection.execute(f'SELECT {counted} FROM "{table}"').fetchall()
        found += [
            f"{table}.{column}" for column, n in zip(tests, counts, strict=True) if n
        ]
    if found:
        raise DataError(
            f"De-identification ({plan.mode}) is incomplete: {', '.join(found)}.",
            code="deidentify-incomplete",
            why="What is left there could identify a person.",
            remedies=(
                "Report this fault; the former datamart has been kept.",
                "If the mapping was changed, give the column's field another class.",
            ),
        )


def _tests(plan: DeidentifyPlan, table: str) -> Iterator[tuple[str, str]]:
    """Write, of each column that can be judged, when a value must not be there."""
    for row in cdm_columns(table):
        name = row["column"]
        known = class_of("omop", table, name, plan.more_classes)
        kind, given = known["class"], f'"{name}"'
        if kind not in _CHECKED or (kind == "name" and plan.keep_names):
            continue
        if kind in {"dropped", "name"}:
            yield name, f"{given} IS NOT NULL"
        elif kind == "date" and plan.mode == "safe_harbor":
            is_year = f"{given} = date_trunc('year', {given})"
            yield (
                name,
                f"{given} IS NOT NULL"
                if row["type"] == "TIMESTAMP"
                else f"NOT ({is_year})",
            )
        elif kind == "value_text":
            code = f"regexp_full_match({given}, '[A-Za-z0-9._+-]{{1,24}}')"
            yield name, f"{given} IS NOT NULL AND NOT ({code} OR {stands(given)})"
        elif kind == "choice":
            kept = choice(given, known["of"])
            yield (
                name,
                f"{given} IS NOT NULL AND {kept} IS NULL AND NOT {stands(given)}",
            )
        elif kind in {"state", "country"}:
            yield name, f"{given} IS NOT NULL AND {state(given, kind)} IS NULL"
        elif kind == "zip":
            yield name, f"{given} <> '000' AND {zip3(given)} IS DISTINCT FROM {given}"
