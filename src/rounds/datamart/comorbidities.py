"""Diagnoses that patients had beforehand. PROTECTED: one row a person or visit.

Only the steps that analyse rows may import this module; a contract keeps it so.

```
 counted                begun before the subject's day, and not known to have ended
                        more than a year before it
 the subject's day      persons: the first of the period; visits: the index visit's
```

A diagnosis of the day itself or after it may be what the care that is judged has done,
or has found; it is never counted.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np

from rounds.datamart.compiling.concepts import resolve_sets
from rounds.datamart.compiling.events import date, numbers
from rounds.datamart.deidentify.calendar import calendar_of
from rounds.datamart.derived import derived_from
from rounds.datamart.rows import MeasureRows
from rounds.datamart.unanswered import unreadable
from rounds.definitions import charlson_groups
from rounds.nouns import Measure, NotEstimable, Period

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rounds.datamart.engines.base import Engine

__all__ = ["LOOKBACK_DAYS", "Comorbidities", "comorbidities_of"]

LOOKBACK_DAYS: Final = 365
_STILL: Final = "9999-12-31"
"""The end of what is not known to have ended."""
_UNKNOWN_BELOW: Final = (
    "Diagnoses in SNOMED CT are counted by the codes that are listed alone: the "
    "datamart's vocabulary does not know what is below them."
)


@dataclass(frozen=True, eq=False, repr=False)
class Comorbidities:
    """Of each row of a measure, the groups of diagnoses that were there before."""

    groups: "Mapping[str, NDArray[np.bool_]]"
    """Title of a group → who is in it, shape (n_rows,); all 17, in Charlson's order."""
    recorded: "NDArray[np.bool_]"
    """Shape (n_rows,): whether any diagnosis at all was recorded before the day."""
    limitations: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        """Show the size alone: no row is ever printed."""
        return f"<comorbidities: {self.recorded.size:,} rows>"


def comorbidities_of(
    datamart: Any, rows: MeasureRows, measure: Measure, period: Period
) -> Comorbidities | NotEstimable:
    """Look up the diagnoses that were there before what is judged began.

    Parameters
    ----------
    datamart : Datamart
        Open; the one that gave the rows.
    rows : MeasureRows
        Whose diagnoses; a person may be there twice, with another index day.
    measure : Measure
        Of the rows: its basis says which day counts.
    period : Period
        Of the rows.

    Returns
    -------
    Comorbidities or NotEstimable
        In the order of the rows; or why it cannot be said: persons' dates were moved,
        the engine reads the tables of measures alone, or there is no diagnosis at all.

    Raises
    ------
    DataError
        If the datamart cannot be read.

    References
    ----------
    .. [1] Preen DB, Holman CDJ, Spilsbury K, Semmens JB, Brameld KJ. Length of
       comorbidity lookback period affected regression model performance of
       administrative health data. J Clin Epidemiol 2006;59:940-946 (abstract): about a
       year for deaths, more for readmissions.
    """
    if measure.basis == "person" and calendar_of(datamart) == "shifted":
        return NotEstimable(
            reason="Diagnoses from before the period cannot be told: persons' dates "
            "were moved, each by another number of days."
        )
    day = rows.index_date.astype("datetime64[D]")
    if measure.basis == "person":
        day = np.full(len(rows), np.datetime64(period.start), "datetime64[D]")
    try:
        engine = derived_from(datamart)
        if engine.dialect != "duckdb":
            return NotEstimable(
                reason="Diagnoses are read from a datamart alone, not from a CDM that "
                "is elsewhere."
            )
        sets, listed_alone = resolve_sets(
            engine, [each.codes for each in charlson_groups()]
        )
        first = engine.read({}, _FIRST, {})
        last = str(day.max()) if day.size else str(period.start)
        found = engine.read({}, _query(sets, last), {}) if any(sets.values()) else None
    except duckdb.Error as error:
        raise unreadable(error) from None
    recorded = _begun(rows.person_id, day, first)
    if not recorded.any():
        return NotEstimable(
            reason="No diagnosis is recorded from before the day that counts."
        )
    bits = np.zeros(len(rows), dtype=np.int64)
    if found is not None:
        bits = _bits(rows.person_id, day, found)
    return Comorbidities(
        groups=_groups(bits),
        recorded=recorded,
        limitations=(_UNKNOWN_BELOW,) if listed_alone and _codes_snomed(engine) else (),
    )


_FIRST: Final = (
    "SELECT person_id, min(condition_start_date) AS day FROM condition_occurrence "
    "WHERE condition_start_date IS NOT NULL GROUP BY person_id"
)


def _query(sets: "Mapping[str, tuple[int, ...]]", last: str) -> str:
    """Write one scan: the groups that a diagnosis is of, as the bits of a number."""

    def is_of(ids: tuple[int, ...]) -> str:
        listed = numbers(ids)
        return (
            f"(condition_concept_id IN ({listed}) OR "
            f"condition_source_concept_id IN ({listed}))"
        )

    bits = " + ".join(
        f"CASE WHEN {is_of(sets[each.codes.name])} THEN {1 << place} ELSE 0 END"
        for place, each in enumerate(charlson_groups())
        if sets[each.codes.name]
    )
    every = tuple({one for ids in sets.values() for one in ids})
    return (
        f"SELECT person_id, condition_start_date AS day, "
        f"coalesce(condition_end_date, DATE '{_STILL}') AS until, "
        f"CAST({bits} AS BIGINT) AS bits FROM condition_occurrence "
        f"WHERE {is_of(every)} AND condition_start_date < "
        f"{date(np.datetime64(last).astype(object))}"
    )


def _codes_snomed(engine: "Engine") -> bool:
    """Tell whether any diagnosis is coded in SNOMED CT at all."""
    return bool(
        engine.ask(
            "SELECT 1 FROM concept WHERE vocabulary_id = 'SNOMED' AND concept_id IN ("
            "SELECT condition_concept_id FROM condition_occurrence UNION ALL "
            "SELECT condition_source_concept_id FROM condition_occurrence) LIMIT 1"
        )
    )


def _days(values: "NDArray[Any]") -> "NDArray[np.datetime64]":
    return np.asarray(values).astype("datetime64[D]")


def _begun(
    person: "NDArray[np.int64]",
    day: "NDArray[np.datetime64]",
    first: "Mapping[str, NDArray[Any]]",
) -> "NDArray[np.bool_]":
    ids = np.asarray(first["person_id"], dtype=np.int64)
    if not ids.size:
        return np.zeros(person.size, dtype=bool)
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids[order], person), ids.size - 1)
    own = order[place]
    return np.asarray((ids[own] == person) & (_days(first["day"])[own] < day))


def _bits(
    person: "NDArray[np.int64]",
    day: "NDArray[np.datetime64]",
    found: "Mapping[str, NDArray[Any]]",
) -> "NDArray[np.int64]":
    """Pair each row with its person's diagnoses; keep the bits of those that count."""
    ids = np.asarray(found["person_id"], dtype=np.int64)
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    start, until = _days(found["day"])[order], _days(found["until"])[order]
    bits = np.asarray(found["bits"], dtype=np.int64)[order]
    low = np.searchsorted(ids, person, side="left")
    size = np.searchsorted(ids, person, side="right") - low
    row = np.repeat(np.arange(person.size), size)
    one = np.arange(size.sum()) + np.repeat(low - (np.cumsum(size) - size), size)
    back = np.timedelta64(LOOKBACK_DAYS, "D")
    counts = (start[one] < day[row]) & (until[one] >= day[row] - back)
    kept = np.zeros(person.size, dtype=np.int64)
    np.bitwise_or.at(kept, row[counts], bits[one[counts]])
    return kept


def _groups(bits: "NDArray[np.int64]") -> "dict[str, NDArray[np.bool_]]":
    every = charlson_groups()
    groups = {each.title: (bits >> place) & 1 == 1 for place, each in enumerate(every)}
    return {
        each.title: groups[each.title] & ~groups[each.unless]
        if each.unless
        else groups[each.title]
        for each in every
    }
