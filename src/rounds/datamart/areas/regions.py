"""In which region each care site stands, where its address is known."""

from typing import Any

import duckdb

from rounds.datamart.derived import derived_from
from rounds.nouns.errors import DataError

__all__ = ["regions_of"]


def regions_of(datamart: Any) -> dict[str, str]:
    """Give the state of each care site.

    Parameters
    ----------
    datamart : Datamart
        Open.

    Returns
    -------
    dict of str to str
        `care_site_source_value` → `location.state`, for sites that have one; nothing
        where the datamart holds no addresses, or is a CDM that is elsewhere, whose
        engine reads the tables of measures alone.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    try:
        engine = derived_from(datamart)
        if engine.dialect != "duckdb":
            return {}
        listed = (
            "SELECT count(DISTINCT table_name || '.' || column_name) "
            "FROM information_schema.columns WHERE "
            "(table_name = 'care_site' AND column_name = 'location_id') OR "
            "(table_name = 'location' AND column_name IN ('location_id', 'state'))"
        )
        if engine.ask(listed)[0][0] < 3:
            return {}
        rows = engine.ask(
            "SELECT s.care_site_source_value, min(l.state) FROM care_site s "
            "JOIN location l ON l.location_id = s.location_id "
            "WHERE s.care_site_source_value IS NOT NULL AND l.state <> '' "
            "GROUP BY ALL HAVING count(DISTINCT l.state) = 1 ORDER BY ALL"
        )
    except duckdb.Error as error:
        # The database's own words may hold a value from a row: only its kind is shown.
        raise DataError(
            f"The datamart's care sites could not be read ({type(error).__name__}).",
            code="datamart-unreadable",
            remedies=(
                "Run `rounds data status` to see whether it is whole.",
                "Load the data again with `rounds data load`.",
            ),
        ) from None
    return {str(site): str(state) for site, state in rows}
