"""A last look at what was made, before anyone may read it: nothing may be left over.

Every rule here has been kept already while rows were staged. A mapping that brings
something in by another way is found here, and the load is refused.
"""

from collections.abc import Iterator
from typing import Final

import duckdb

from rounds.datamart.deidentify.classes import class_of
from rounds.datamart.deidentify.dates import OLDEST, TOO_EARLY
from rounds.datamart.deidentify.plan import DeidentifyPlan
from rounds.datamart.deidentify.units import may_be_kept
from rounds.datamart.deidentify.values import choice, stands, state, zip3
from rounds.datamart.mapping import Row, cdm_columns, cdm_tables
from rounds.nouns.errors import DataError

__all__ = ["insist_on_none", "settle"]

_PSEUDONYM: Final = "([A-Za-z0-9][A-Za-z0-9._-]*:)?([A-Z][A-Za-z]+/)?[0-9a-f]{32}"
"""With the source's name before it, or the type of a resource."""
_CODE: Final = "[A-Za-z0-9][A-Za-z0-9._+/:-]{0,39}"
_CODED: Final = frozenset(
    {
        "ethnicity_source_value",
        "race_source_value",
        "stop_reason",
        "visit_source_value",
    }
)
"""Columns of words in which FHIR may bring a code of any known system."""
_REMOVED: Final = "removed"
_SMALL: Final = 1 << 31
"""Below it lies one pseudonym in four thousand million, and every row number."""
_DERIVED: Final = frozenset({"observation_period"})
"""Tables whose dates are made of others', deaths among them."""
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
        if tests:
            counted = ", ".join(f"count(*) FILTER ({one})" for one in tests.values())
            (counts,) = connection.execute(
                f'SELECT {counted} FROM "{table}"'
            ).fetchall()
            named = zip(tests, counts, strict=True)
            found += [f"{table}.{column}" for column, n in named if n]
        found += _numbered(connection, plan, table)
        found += _with_other_units(connection, plan, table)
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


def _columns(
    plan: DeidentifyPlan, table: str, *kinds: str
) -> Iterator[tuple[Row, Row]]:
    """Give the columns of some classes, or of any, each with its class."""
    for row in cdm_columns(table):
        known = class_of("omop", table, row["column"], plan.more_classes)
        if not kinds or known["class"] in kinds:
            yield row, known


def _numbered(
    connection: duckdb.DuckDBPyConnection, plan: DeidentifyPlan, table: str
) -> Iterator[str]:
    """Give the columns of ids whose numbers are those of a database, not pseudonyms."""
    for row, _ in _columns(plan, table, "id"):
        name = row["column"]
        (counts,) = connection.execute(
            f'SELECT count("{name}"), count(*) FILTER ("{name}" < {_SMALL}) '
            f'FROM "{table}"'
        ).fetchall()
        if counts[1] > counts[0] / 100:
            yield f"{table}.{name}"


def _with_other_units(
    connection: duckdb.DuckDBPyConnection, plan: DeidentifyPlan, table: str
) -> Iterator[str]:
    """Give the columns of units in which something else stands."""
    for row, _ in _columns(plan, table, "unit"):
        name = row["column"]
        units = connection.execute(
            f'SELECT DISTINCT "{name}" FROM "{table}" WHERE "{name}" IS NOT NULL'
        ).fetchall()
        if not all(may_be_kept(unit) for (unit,) in units):
            yield f"{table}.{name}"


def _tests(plan: DeidentifyPlan, table: str) -> Iterator[tuple[str, str]]:
    """Write, of each column that can be judged, when a value must not be there."""
    for row, known in _columns(plan, table):
        given = f'"{row["column"]}"'
        test = _dated(plan, table, row, known) or _worded(plan, table, given, known)
        if test is not None:
            yield row["column"], test


def _dated(plan: DeidentifyPlan, table: str, row: Row, known: Row) -> str | None:
    """Write when a date says more than it may."""
    kind, given = known["class"], f'"{row["column"]}"'
    if kind == "birth_part" and plan.mode == "safe_harbor":
        return f"{given} IS NOT NULL"
    if kind not in {"date", "death", "source_date"}:
        return None
    tests = []
    if kind == "date" and table not in _DERIVED:
        first = f"make_date({plan.reference_year - OLDEST - 1}, 1, 1)"
        tests.append(f"({given} < {first} AND {given} <> DATE '{TOO_EARLY}')")
    if kind == "source_date" or plan.mode == "safe_harbor":
        whole = f"{given} = date_trunc('year', {given})"
        is_time = row["type"] == "TIMESTAMP"
        tests.append(f"{given} IS NOT NULL" if is_time else f"NOT ({whole})")
    return " OR ".join(tests) or None


def _worded(plan: DeidentifyPlan, table: str, given: str, known: Row) -> str | None:
    """Write when a text is none of those that may stand there."""
    kind, there = known["class"], f"{given} IS NOT NULL"
    if kind == "dropped" or (kind == "name" and not plan.keep_names):
        return there
    if kind == "removed":
        return f"{given} <> '{_REMOVED}'"
    if kind == "identifier":
        return f"NOT regexp_full_match({given}, '{_PSEUDONYM}')"
    if kind in {"source_code", "local_code"}:
        if plan.keep_names and table == "payer_plan_period":
            return None  # an insurance's name is that of an organisation
        return f"NOT regexp_full_match({given}, '{_CODE}')"
    if kind == "value_text":
        code = f"regexp_full_match({given}, '[A-Za-z0-9._+-]{{1,40}}')"
        return f"{there} AND NOT ({code} OR {stands(given)})"
    if kind == "choice":
        test = (
            f"{there} AND {choice(given, known['of'])} IS NULL AND NOT {stands(given)}"
        )
        if given.strip('"') in _CODED:
            test += f" AND NOT regexp_full_match({given}, '{_CODE}')"
        return test
    if kind in {"state", "country"}:
        return f"{there} AND {state(given, kind)} IS NULL"
    if kind == "zip":
        return f"{given} <> '000' AND {zip3(given)} IS DISTINCT FROM {given}"
    return None
