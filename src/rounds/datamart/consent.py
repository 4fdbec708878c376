"""Who opted out, as the data's own consents say. PROTECTED: it gives persons' ids.

Only the steps that analyse rows may import this module; a contract keeps it so.
"""

from datetime import date
from typing import Literal

import duckdb

from rounds.datamart.rows import OpenDatamart
from rounds.nouns import DataError

__all__ = ["Scope", "opted_out"]

Scope = Literal["research", "treatment"]
"""What a consent is about: learning from the data, or using them in care."""


def opted_out(datamart: OpenDatamart, scope: Scope, on: date) -> frozenset[str]:
    """Give the persons whose consent for a use was denied on a day.

    Parameters
    ----------
    datamart : Datamart
        Open.
    scope : {"research", "treatment"}
        The use.
    on : date
        The day; an opt-out's first and last day both count.

    Returns
    -------
    frozenset of str
        Their `person_source_value`. Empty if the data hold no consent.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    query = (
        "SELECT DISTINCT person_source_value FROM rounds_opt_out "
        "JOIN person USING (person_id) WHERE scope = $1 AND from_date <= $2 "
        "AND (until_date IS NULL OR until_date >= $2) "
        "AND person_source_value IS NOT NULL"
    )
    connection = datamart._connection  # noqa: SLF001 - of this room
    try:
        found = connection.cursor().execute(query, [scope, on]).fetchall()
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
