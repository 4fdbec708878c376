"""Rows of one made-up patient, placed so that events are where a clause looks."""

import datetime as dt
import random
from collections.abc import Mapping
from typing import Any, Final

from rounds.definitions.code_systems import drug_type_concepts, visit_concepts
from rounds.definitions.graph import add_months, day_in, is_absolute
from rounds.nouns import Comparison, Events, Near, Occurrence, Period, Point

__all__ = ["NotMade", "Patient", "inside", "outside"]

_TABLES: Final = {
    "condition": ("condition_occurrence", "condition_start_date", "condition_end_date"),
    "measurement": ("measurement", "measurement_date", ""),
    "observation": ("observation", "observation_date", ""),
    "procedure": ("procedure_occurrence", "procedure_date", "procedure_end_date"),
    "drug": (
        "drug_exposure",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
    ),
    "device": (
        "device_exposure",
        "device_exposure_start_date",
        "device_exposure_end_date",
    ),
    "visit": ("visit_occurrence", "visit_start_date", "visit_end_date"),
    "observation_period": (
        "observation_period",
        "observation_period_start_date",
        "observation_period_end_date",
    ),
    "death": ("death", "death_date", ""),
}
_OUTPATIENT: Final = 9202
_HOURS: Final = dt.timedelta(hours=1)
Row = dict[str, Any]


class NotMade(Exception):  # noqa: N818 - says why a try is given up, and is caught
    """A try that led nowhere: a window without a day, two ages at once."""


class Patient:
    """One made-up person, to whom rows are added.

    Parameters
    ----------
    key : int
        The person; ids of rows are made of it.
    period : Period
        The measure's.
    concepts : mapping of str to tuple of int
        Concept set name → the concepts of its codes.
    chance : random.Random
        From which days and values are drawn.
    """

    def __init__(
        self,
        key: int,
        period: Period,
        concepts: Mapping[str, tuple[int, ...]],
        chance: random.Random,
    ) -> None:
        self.key = key
        self.period = period
        self.chance = chance
        self.rows: dict[str, list[Row]] = {}
        self.born = (dt.date(1900, 1, 1), dt.date(2100, 1, 1))
        """The first and the last day on which the person may have been born."""
        self.sex: int | None = None
        self.not_sexes: set[int] = set()
        self.index: Row = {}
        """Its start, end, times and visit; empty for persons."""
        self.days: dict[object, dt.date] = {}
        """Days on which several events are to be together."""
        self._concepts = concepts
        self._placed: dict[tuple[Events, dt.date], Row] = {}

    def add(self, table: str, row: Row) -> Row:
        """Add a row, with ids of its own."""
        rows = self.rows.setdefault(table, [])
        if table.startswith("cohort/"):
            row["subject_id"] = self.key
        else:
            key = {f"{table}_id": self.key * 1000 + len(rows)}
            row |= {"person_id": self.key} | ({} if table == "death" else key)
        rows.append(row)
        return row

    def code(self, concept_set: str) -> int:
        """Draw a concept of a set."""
        if not self._concepts[concept_set]:
            raise NotMade
        return self.chance.choice(self._concepts[concept_set])

    def day(self, point: Point, event: Row | None = None) -> dt.date:
        """Give the day of a point; an occurrence that is not there yet is made."""
        if is_absolute(point):
            return day_in(self.period, point)
        if isinstance(point.at, Occurrence):
            anchor = self._occurrence(point.at)
        elif point.at in {"event", "event_end"}:
            assert event is not None, "event is a day within near"
            anchor = event["start" if point.at == "event" else "end"]
        else:
            anchor = self.index["start" if point.at == "index" else "end"]
        hours = dt.timedelta(days=(point.hours or 0) / 24)
        return add_months(anchor, point.months) + dt.timedelta(days=point.days) + hours

    def _occurrence(self, node: Occurrence) -> dt.date:
        """Place what an occurrence needs, once; of several days the nth is meant."""
        if node not in self.days:
            made = [self.place(node.events) for _ in range(node.nth)]
            days = sorted(one["start"] for one in made)
            chosen = days[-1] if node.which == "first" else days[0]
            ends = [one["end"] for one in made if one["start"] == chosen]
            self.days[node] = chosen if node.day == "start" else max(ends)
        return self.days[node]

    def place(
        self,
        events: Events,
        *,
        value: float | None = None,
        on: dt.date | None = None,
        event: Row | None = None,
        visit: int | None = None,
    ) -> Row:
        """Add a row that counts among some events.

        Parameters
        ----------
        value : float, optional
            Its number; one that the events accept, if not given.
        on : date, optional
            The day on which it begins; one in the window, if not given.
        event : dict, optional
            The row that it is to be near.
        visit : int, optional
            The visit that it is of.

        Returns
        -------
        dict
            When it begins and ends, and its visit.

        Raises
        ------
        NotMade
            If the window has no day.
        """
        start, end = self._days(events, event)
        if on is not None:
            start = end = on
        known = self._placed.get((events, start)) if on is not None else None
        if known is not None:
            if value is not None:
                known.update(self._number(events, value, start))
            return {"start": start, "end": end, "visit": known["visit_occurrence_id"]}
        if visit is None and events.of_visit == "index":
            visit = self.index.get("visit")
        if visit is None and events.visit_classes and events.domain != "visit":
            visit = self.visit(events.visit_classes[0], start, start)
        row = self._row(events, start, end, visit)
        if value is None and events.value is not None:
            value = inside(events.value, self.chance)
        row |= self._number(events, value, start)
        row |= self._times(events, row, event)
        table = str(events.cohort) if events.cohort else _TABLES[events.domain][0]
        self.add(table, row)
        if events.domain == "visit":
            visit = row["visit_occurrence_id"]
        self._placed[events, start] = row
        placed = {"start": start, "end": end, "visit": visit}
        for near in events.near:
            self._near(near, placed)
        return placed

    def _near(self, near: Near, placed: Row) -> None:
        if not near.absent:
            visit = placed["visit"]
            if near.same_visit and visit is None:
                raise NotMade
            of = visit if near.same_visit else None
            self.place(near.events, event=placed, visit=of)

    def visit(self, visit_class: str, start: dt.date, end: dt.date) -> int:
        """Add a visit of a class, and give its id."""
        concept = min(visit_concepts([visit_class]))
        if visit_class in {"outpatient", "inpatient"}:
            concept = {"outpatient": _OUTPATIENT, "inpatient": 9201}[visit_class]
        row = {
            "visit_concept_id": concept,
            "visit_start_date": start,
            "visit_end_date": end,
        }
        found: int = self.add("visit_occurrence", row)["visit_occurrence_id"]
        return found

    def _days(self, events: Events, event: Row | None) -> tuple[dt.date, dt.date]:
        """Draw the days on which a row begins and ends, so that it is in the window."""
        window = events.window
        first = self.day(window.start, event) if window.start else None
        last = self.day(window.end, event) if window.end else None
        if first is None:
            first = min(last or self.period.end, self.period.end) - dt.timedelta(
                days=self.chance.choice([0, 1, 30, 300])
            )
        if last is None:
            last = first + dt.timedelta(days=self.chance.choice([0, 1, 20]))
        if last < first:
            raise NotMade
        if events.match == "covers":
            early = dt.timedelta(days=self.chance.choice([0, 5, 300]))
            return first - early, last + early
        if events.match == "overlaps" and self.chance.random() < 0.3:
            return first - dt.timedelta(days=self.chance.choice([0, 20])), last
        span = min((last - first).days, 3650)
        day = first + dt.timedelta(days=self.chance.choice([0, span, span // 2]))
        if events.match == "ends_in":
            return day - dt.timedelta(days=self.chance.choice([0, 2])), day
        return day, day + dt.timedelta(days=self.chance.choice([0, 0, 1]))

    def _row(
        self, events: Events, start: dt.date, end: dt.date, visit: int | None
    ) -> Row:
        if events.domain == "cohort":
            return {"cohort_start_date": start, "cohort_end_date": end}
        _, began, ended = _TABLES[events.domain]
        row: Row = {began: start} | ({ended: end} if ended else {})
        if events.domain in {"death", "observation_period"}:
            return row
        if events.domain == "visit":
            kind = (*events.visit_classes, "outpatient")[0]
            barred = visit_concepts(events.not_from)
            concept = min(visit_concepts([kind]) - barred or {0})
            row["visit_concept_id"] = _OUTPATIENT if kind == "outpatient" else concept
        else:
            row["visit_occurrence_id"] = visit
        if events.concept_set is not None:
            row[f"{events.domain}_concept_id"] = self.code(events.concept_set)
        if events.answer is not None:
            row["value_as_concept_id"] = self.code(events.answer)
        if events.discharged_to is not None:
            row["discharged_to_concept_id"] = self.code(events.discharged_to)
        if events.drug_types:
            row["drug_type_concept_id"] = min(drug_type_concepts(events.drug_types[:1]))
        return row

    def _number(self, events: Events, value: float | None, start: dt.date) -> Row:
        """Give the columns of a row's number."""
        if events.number_read is None:
            return {}
        if events.number_read == "length_days":
            days = dt.timedelta(days=int(value or 0))
            return {} if value is None else {_TABLES[events.domain][2]: start + days}
        if value is None and not events.units and not events.has_result:
            return {}
        row: Row = {events.number_read: 1.0 if value is None else value}
        if events.units:
            row["unit_source_value"] = events.units[0]
        return row

    def _times(self, events: Events, row: Row, event: Row | None) -> Row:
        """Give the time of a row whose hours matter, if its anchor's is known."""
        anchor = (event or self.index).get("end_time")
        points = (events.window.start, events.window.end)
        hours = [
            one.hours for one in points if one is not None and one.hours is not None
        ]
        if anchor is None or not hours:
            return {}
        low, high = min([0, *hours]), max([0, *hours])
        time = anchor + _HOURS * self.chance.choice([low, (low + high) / 2, high])
        _, began, ended = _TABLES[events.domain]
        found: Row = {began: time.date(), f"{began}time": time}
        if ended and row.get(ended) is not None:
            found[ended] = max(row[ended], time.date())
        return found


def inside(one: Comparison, chance: random.Random) -> float:
    """Draw a number of a range, its bounds among them."""
    low = _known(one.at_least, one.above)
    high = _known(one.at_most, one.below)
    if low is None and high is None:
        return 0.0
    if low is None or high is None:
        bound, way = (low, 1) if high is None else (high, -1)
        assert bound is not None, "a range has a bound"
        edge = one.at_least if way > 0 else one.at_most
        options = [bound + way, bound + way * 5]
        return float(chance.choice([*options, *([edge] if edge is not None else [])]))
    return (low + high) / 2 if chance.random() < 0.7 else _edge(one, low, high)


def _edge(one: Comparison, low: float, high: float) -> float:
    if one.at_least is not None:
        return low
    return high if one.at_most is not None else (low + high) / 2


def outside(one: Comparison, chance: random.Random) -> float:
    """Draw a number that is not in a range, its open bounds among them."""
    options = []
    low, high = _known(one.at_least, one.above), _known(one.at_most, one.below)
    if low is not None:
        options += [low - 1] + ([low] if one.above is not None else [])
    if high is not None:
        options += [high + 1] + ([high] if one.below is not None else [])
    return float(chance.choice(options))


def _known(one: float | None, other: float | None) -> float | None:
    return other if one is None else one
