"""Who patients are, beyond sex, age and neighbourhood. PROTECTED: one row a person.

Only the steps that analyse rows may import this module; a contract keeps it so.

```
 race, ethnicity     person: the standard concept's name, else the source's own word
 insurance           payer_plan_period that holds the day: the payer
 social need         of the year before: Z55–Z65 of ICD-10-CM, or what the patient
                     answered when asked; `social_needs` has how
```
"""

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np

from rounds.datamart.compiling.events import date as date_sql
from rounds.datamart.deidentify.calendar import calendar_of
from rounds.datamart.derived import derived_from
from rounds.datamart.social_needs import (
    ANSWER_TABLES,
    answer_columns,
    social_need_query,
)
from rounds.nouns.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.datamart.engines.base import Engine

__all__ = ["KNOWN", "characteristics_of"]

KNOWN: Final = ("race", "ethnicity", "insurance", "social_need")
"""What can be asked for (PROGRESS-Plus: race, social capital and need, insurance)."""


def characteristics_of(
    datamart: Any, person_id: "NDArray[np.int64]", on: date
) -> "dict[str, NDArray[np.str_]]":
    """Give what is recorded of each person, in words.

    Parameters
    ----------
    datamart : Datamart
        Open.
    person_id : ndarray of int, shape (n_persons,)
        Whom to look up; one person may be there twice.
    on : date
        The day: insurance is that of the day, needs are of the 365 days up to it.

    Returns
    -------
    dict of str to ndarray of str, shape (n_persons,)
        Of `KNOWN`, those of which the datamart records anything at all; empty text
        where it says nothing of the person. Where no answer of a questionnaire is
        recorded of anybody, an empty `social_need` was not asked, or not found.
        Insurance and needs have days, so they are left out where dates were moved or
        are gone. Nothing of a CDM that is elsewhere: its engine reads the tables of
        measures alone.

    Raises
    ------
    DataError
        If the datamart cannot be read.
    """
    try:
        engine = derived_from(datamart)
        if engine.dialect != "duckdb":
            return {}
        found = {}
        for name, query in _queries(engine, on, calendar_of(datamart)).items():
            columns = engine.read({}, query, {})
            labels = _aligned(person_id, columns)
            if (labels != "").any():
                found[name] = labels
    except duckdb.Error as error:
        # The database's own words may hold a value from a row: only its kind is shown.
        raise DataError(
            f"The datamart's characteristics could not be read "
            f"({type(error).__name__}).",
            code="datamart-unreadable",
            remedies=(
                "Run `rounds data status` to see whether it is whole.",
                "Load the data again with `rounds data load`.",
            ),
        ) from None
    return found


def _queries(engine: "Engine", on: date, calendar: str) -> dict[str, str]:
    queries = {}
    for name in ("race", "ethnicity"):
        if _has(engine, "person", f"{name}_concept_id", f"{name}_source_value"):
            queries[name] = (
                f"SELECT p.person_id, coalesce(CASE WHEN p.{name}_concept_id > 0 "
                f"THEN c.concept_name END, p.{name}_source_value, '') AS label "
                "FROM person p LEFT JOIN concept c "
                f"ON c.concept_id = p.{name}_concept_id"
            )
    if calendar != "day":
        return queries
    day = date_sql(on)
    payer = "payer_plan_period"
    if engine.holds(payer) and _has(engine, payer, "payer_source_value"):
        queries["insurance"] = (
            "SELECT person_id, payer_source_value AS label FROM payer_plan_period "
            f"WHERE {day} BETWEEN payer_plan_period_start_date AND "
            f"payer_plan_period_end_date AND payer_source_value IS NOT NULL "
            "QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY "
            "payer_plan_period_start_date DESC, payer_plan_period_id) = 1"
        )
    asked = [one for one in ANSWER_TABLES if _has(engine, one, *answer_columns(one))]
    queries["social_need"] = social_need_query(on, asked)
    return queries


def _has(engine: "Engine", table: str, *columns: str) -> bool:
    listed = (
        "SELECT DISTINCT column_name FROM information_schema.columns "
        f"WHERE table_name = '{table}'"
    )
    return set(columns) <= {name for (name,) in engine.ask(listed)}


def _aligned(
    person_id: "NDArray[np.int64]", columns: "dict[str, NDArray[Any]]"
) -> "NDArray[np.str_]":
    ids = np.asarray(columns["person_id"], dtype=np.int64)
    words = np.asarray(columns["label"]).astype(str)
    order = np.argsort(ids, kind="stable")
    ids, words = ids[order], words[order]
    if not ids.size:
        return np.full(len(person_id), "", dtype=str)
    place = np.minimum(np.searchsorted(ids, person_id), ids.size - 1)
    labels: NDArray[np.str_] = np.where(ids[place] == person_id, words[place], "")
    return labels
