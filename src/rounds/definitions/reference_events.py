"""Which rows are events, for the reference engine."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from rounds.definitions.code_systems import unit_concepts, visit_concepts
from rounds.definitions.graph import day_in
from rounds.definitions.reference_concepts import concepts_of
from rounds.definitions.units import Analyte, conversion, wanted_unit
from rounds.nouns import (
    Comparison,
    ConceptSet,
    Events,
    Period,
    Point,
    Window,
)

__all__ = ["Event", "Facts", "holds"]

Row = Mapping[str, Any]

# Domain: table, prefix of its concept columns, start, end.
_TABLES: Final = {
    "condition": (
        "condition_occurrence",
        "condition",
        "condition_start_date",
        "condition_end_date",
    ),
    "measurement": ("measurement", "measurement", "measurement_date", ""),
    "observation": ("observation", "observation", "observation_date", ""),
    "procedure": (
        "procedure_occurrence",
        "procedure",
        "procedure_date",
        "procedure_end_date",
    ),
    "drug": (
        "drug_exposure",
        "drug",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
    ),
    "visit": ("visit_occurrence", "visit", "visit_start_date", "visit_end_date"),
    "death": ("death", "death", "death_date", ""),
}


class Event(NamedTuple):
    """One row that counts."""

    day: dt.date
    until: dt.date | None
    value: float | None
    code: int | None


class Facts:
    """The tables, looked up by person and by code."""

    def __init__(
        self,
        tables: Mapping[str, Sequence[Row]],
        concept_sets: Mapping[str, ConceptSet],
    ) -> None:
        concepts = tables.get("concept", ())
        self._ids = {
            name: concepts_of(one, tables) for name, one in concept_sets.items()
        }
        self._analytes = {
            row["concept_id"]: Analyte(row["vocabulary_id"], row["concept_code"])
            for row in concepts
        }
        self._units = {
            key: one.code
            for key, one in self._analytes.items()
            if one.vocabulary_id == "UCUM"
        }
        self._visit_class = {
            row["visit_occurrence_id"]: row.get("visit_concept_id")
            for row in tables.get("visit_occurrence", ())
        }
        self._rows: dict[tuple[str, int], list[Row]] = defaultdict(list)
        for table, *_ in _TABLES.values():
            for row in tables.get(table, ()):
                self._rows[table, row["person_id"]].append(row)

    def events(
        self, events: Events, person_id: int, period: Period, index: dt.date
    ) -> list[Event]:
        """Give a person's events inside the window."""
        first, last = _bounds(events.window, period, index)
        found = []
        for one in self._matching(events, person_id):
            if last is not None and one.day > last:
                continue
            if first is not None and events.match == "starts_in" and one.day < first:
                continue
            if (
                first is not None
                and events.match == "overlaps"
                and one.until is not None
                and one.until < first
            ):
                continue
            found.append(one)
        return found

    def before(
        self, events: Events, person_id: int, period: Period, index: dt.date
    ) -> set[int | None]:
        """Give the codes that a person had on some day before the window."""
        first, _ = _bounds(events.window, period, index)
        assert first is not None, "new_code has a window with a start"
        found = self._matching(events, person_id)
        return {one.code for one in found if one.day < first}

    def _matching(self, events: Events, person_id: int) -> list[Event]:
        table, prefix, start, end = _TABLES[events.domain]
        found = []
        for row in self._rows[table, person_id]:
            if not self._counts(events, row, prefix):
                continue
            until = row.get(end) if end else None
            if until is None and events.domain != "condition":
                until = row[start]
            source = row.get(f"{prefix}_source_concept_id")
            found.append(
                Event(
                    day=row[start],
                    until=until,
                    value=self._value(events, row, prefix),
                    code=source or row.get(f"{prefix}_concept_id"),
                )
            )
        return found

    def _counts(self, events: Events, row: Row, prefix: str) -> bool:
        if events.concept_set is not None:
            ids = self._ids[events.concept_set]
            own = row.get(f"{prefix}_concept_id")
            source = row.get(f"{prefix}_source_concept_id")
            if own not in ids and source not in ids:
                return False
        value = self._value(events, row, prefix)
        if events.units and value is None:
            return False
        if events.value is not None and (
            value is None or not holds(events.value, value)
        ):
            return False
        visit = row.get("visit_concept_id")
        if events.domain != "visit":
            visit = self._visit_class.get(row.get("visit_occurrence_id"))
        if events.visit_classes and visit not in visit_concepts(events.visit_classes):
            return False
        return visit not in visit_concepts(events.not_from)

    def _value(self, events: Events, row: Row, prefix: str) -> float | None:
        """Give a row's number in the unit of the measure; None if that cannot be."""
        value: float | None = row.get("value_as_number")
        accepted = events.units
        if not accepted or value is None:
            return value
        spelling, concept = row.get("unit_source_value"), row.get("unit_concept_id")
        code = self._units.get(concept)
        if (
            spelling in accepted
            or code in accepted
            or concept in unit_concepts(accepted)
        ):
            return value
        given, wanted = code or spelling, wanted_unit(accepted)
        if given is None or wanted is None:
            return None
        how = conversion(given, wanted)
        for column in (f"{prefix}_source_concept_id", f"{prefix}_concept_id"):
            analyte = self._analytes.get(row.get(column))
            if how is None and analyte is not None:
                how = conversion(given, wanted, analyte)
        return None if how is None else how.apply(value)


def holds(one: Comparison, value: float) -> bool:
    """Say whether a number is in a range."""
    return (
        (one.at_least is None or value >= one.at_least)
        and (one.above is None or value > one.above)
        and (one.at_most is None or value <= one.at_most)
        and (one.below is None or value < one.below)
    )


def _bounds(
    window: Window, period: Period, index: dt.date
) -> tuple[dt.date | None, dt.date | None]:
    def day(point: Point | None) -> dt.date | None:
        if point is None:
            return None
        if point.at == "index":
            return index + dt.timedelta(days=point.days)
        return day_in(period, point)

    return day(window.start), day(window.end)
