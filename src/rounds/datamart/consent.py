"""Who opted out, as the data's own consents say. PROTECTED: it gives persons' ids.

Only the steps that analyse rows may import this module; a contract keeps it so.
Measures leave out whoever denied research on the day when their snapshot was made.
"""

from datetime import date
from typing import Any, Literal, TypeAlias

import duckdb

from rounds.datamart.compiling.events import date as date_sql
from rounds.datamart.compiling.events import text
from rounds.datamart.deidentify.calendar import calendar_of
from rounds.datamart.derived import derived_from
from rounds.nouns.errors import DataError

__all__ = ["Scope", "opted_out", "opted_out_when_made"]

Scope: TypeAlias = Literal["research", "treatment"]
"""What a consent is about: learning from the data, or using them in care."""


def opted_out(datamart: Any, scope: Scope, on: date) -> frozenset[str]:
    """Give the persons whose consent for a use was denied on a day.

    Parameters
    ----------
    datamart : Datamart
        Open.
    scope : {"research", "treatment"}
        The use.
    on : date
        The day; an opt-out's first and last day both count. Where days were moved or
        are gone (`datamart.calendar`), whoever ever denied it counts on any day.

    Returns
    -------
    frozenset of str
        Their `person_source_value`. Empty if the data hold no consent.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    try:
        derived = derived_from(datamart)
        if not derived.holds("rounds_opt_out"):
            return frozenset()
        then = "TRUE"
        if calendar_of(datamart) == "day":
            day = date_sql(on)
            then = f"from_date <= {day} AND coalesce(until_date, {day}) >= {day}"
        found = derived.ask(
            "SELECT DISTINCT person_source_value FROM rounds_opt_out "
            "JOIN person USING (person_id) "
            f"WHERE scope = {text(scope)} AND {then} "
            "AND person_source_value IS NOT NULL"
        )
    except duckdb.Error as error:
        # The database's own words may hold a value from a row: only its kind is shown.
        raise DataError(
            f"The datamart's consents could not be read ({type(error).__name__}).",
            code="datamart-unreadable",
            why="Whoever opted out must be in no count.",
            remedies=(
                "Run `rounds data status` to see whether it is whole.",
                "Load the data again with `rounds data load`.",
            ),
        ) from None
    return frozenset(person for (person,) in found)


def opted_out_when_made(datamart: Any) -> frozenset[str]:
    """Give the persons who had denied research on the day that the snapshot was made.

    So one snapshot always gives the same counts. If it does not say when it was made,
    the denials without an end are those that count.
    """
    made = getattr(datamart, "made_on", None)
    return opted_out(datamart, "research", made or date.max)
