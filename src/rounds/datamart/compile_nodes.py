"""Criteria as SQL: one table to a node, over all subjects at once.

A subject is a row of (sid, person_id, index_date, birth, visit_concept_id, …). In the
monthly form each person is a subject once a month, and only events of that month count.
"""

import hashlib
from collections.abc import Mapping

from rounds.datamart.compile_events import date, events_sql, in_range, numbers, within
from rounds.datamart.compile_units import Units
from rounds.definitions import visit_concepts
from rounds.nouns import (
    Age,
    All,
    Any,
    Compare,
    Events,
    Exists,
    IndexVisit,
    LastDayWithAll,
    NewCode,
    Not,
    Noun,
    Period,
    Point,
    Reading,
    Window,
)

__all__ = ["Statement"]


class Statement:
    """Tables, gathered so that the same query is written once.

    Parameters
    ----------
    period : Period
        The measure's period.
    concepts : mapping of str to tuple of int
        Concept set name → OMOP concepts.
    units : Units
        How values are read.
    visits : bool
        Whether subjects are visits, whose index is within the period.
    """

    def __init__(
        self,
        period: Period,
        concepts: Mapping[str, tuple[int, ...]],
        units: Units,
        *,
        visits: bool,
    ) -> None:
        self.period = period
        self.monthly = False
        self._concepts = concepts
        self._units = units
        self.tables: dict[str, str] = {}
        """Name → query, each after those that it reads."""
        self._visits = visits

    def table(self, prefix: str, query: str) -> str:
        """Name a query, and give the name; the same query has the same name."""
        name = f"{prefix}_{hashlib.sha256(query.encode()).hexdigest()[:24]}"
        self.tables.setdefault(name, query)
        return name

    def narrowed(self, everybody: str, node: Noun) -> str:
        """Keep the subjects of whom the criterion holds, clause after clause.

        `everybody` is a query. The clauses of an `all` that need no event come first;
        the others are applied in the order written, each to those who are left, so
        that a definition puts its most selective clause first.
        """
        parts = node.of if isinstance(node, All) else (node,)
        plain = [part for part in parts if isinstance(part, Age | IndexVisit)]
        where = " AND ".join(self.holds(part, "") for part in plain) or "TRUE"
        subjects = self.table(
            "subjects", f"SELECT s.* FROM ({everybody}) s WHERE {where}"
        )
        for part in parts:
            if isinstance(part, Age | IndexVisit):
                continue
            holds = self.holds(part, subjects)
            query = f"SELECT s.* FROM {subjects} s WHERE {holds}"
            subjects = self.table("subjects", query)
        return subjects

    def holds(self, node: Noun, subjects: str) -> str:
        """Write a criterion as a condition on a row `s` of these subjects."""
        if isinstance(node, All | Any):
            word = " AND " if isinstance(node, All) else " OR "
            return f"({word.join(self.holds(part, subjects) for part in node.of)})"
        if isinstance(node, Not):
            return f"(NOT {self.holds(node.of, subjects)})"
        if isinstance(node, Age):
            return self._age(node)
        if isinstance(node, IndexVisit):
            wanted = numbers(visit_concepts(node.classes))
            return f"coalesce(s.visit_concept_id IN ({wanted}), FALSE)"
        if isinstance(node, Exists | NewCode) and self._is_empty(node.events):
            return "FALSE"
        if isinstance(node, Exists):
            return f"s.sid IN (SELECT sid FROM {self._exists(node, subjects)})"
        if isinstance(node, NewCode):
            return f"s.sid IN (SELECT sid FROM {self._new_code(node, subjects)})"
        assert isinstance(node, Compare), f"no SQL for {type(node).__name__}"
        reading = self.reading(node.reading, subjects)
        inside = in_range("value", node.range)
        return f"s.sid IN (SELECT sid FROM {reading} WHERE {inside})"

    def reading(self, node: Reading, subjects: str) -> str:
        """Name the table (sid, value) of a reading, for subjects that have one."""
        pick = "min" if node.pick == "lowest" else "max"
        joined = self._joined(node.events, subjects)
        if node.day is not None:
            days = self.days(node.day, subjects)
            joined += (
                f" JOIN (SELECT sid, max(day) AS day FROM {days} GROUP BY sid) d"
                " ON d.sid = s.sid AND d.day = e.day"
            )
        return self.table(
            "reading",
            f"SELECT s.sid, {pick}(e.value) AS value FROM {joined} "
            "WHERE e.value IS NOT NULL GROUP BY s.sid",
        )

    def days(self, node: LastDayWithAll, subjects: str) -> str:
        """Name the table (sid, day) of the days that have all of these events."""
        parts = [
            f"SELECT s.sid, e.day FROM {self._joined(events, subjects)}"
            for events in node.events
        ]
        return self.table("days", " INTERSECT ".join(parts))

    def _age(self, node: Age) -> str:
        day = "s.index_date"
        if node.at != "index":
            last = self.period.start if node.at == "period_start" else self.period.end
            day = f"DATE '{last.isoformat()}'"
        years = age_sql(day, "s.birth")
        low = 0 if node.from_years is None else node.from_years
        high = 999 if node.to_years is None else node.to_years
        return f"coalesce({years} BETWEEN {low} AND {high}, FALSE)"

    def _exists(self, node: Exists, subjects: str) -> str:
        # Most such events are read once: a table of their own would cost more.
        events = f"({self._events_query(node.events)})"
        joined = self._joined(node.events, subjects, events)
        many = f" HAVING count(*) >= {node.at_least}" if node.at_least > 1 else ""
        return self.table("found", f"SELECT s.sid FROM {joined} GROUP BY s.sid{many}")

    def _new_code(self, node: NewCode, subjects: str) -> str:
        # Never before the window and once within it: the first day is in the window.
        ever = node.events.model_copy(update={"window": Window()})
        events = self._events(ever, coded=True)
        first = self.table(
            "first_given",
            "SELECT person_id, code, min(day) AS day, min(day) AS until "
            f"FROM {events} GROUP BY person_id, code",
        )
        bounds = [
            *within(node.events, self.period, index=False),
            *within(node.events, self.period, index=True),
        ]
        return self.table(
            "new_code",
            f"SELECT DISTINCT s.sid FROM {self._pairs(first, subjects, bounds)}",
        )

    def _joined(self, events: Events, subjects: str, table: str = "") -> str:
        bounds = within(events, self.period, index=True)
        window = events.window
        if events.match == "starts_in" and window.start == window.end == Point(
            at="index"
        ):
            bounds = ["e.day = s.index_date"]  # An equality joins fastest.
        return self._pairs(table or self._events(events), subjects, bounds)

    def _pairs(self, events: str, subjects: str, bounds: list[str]) -> str:
        on = ["e.person_id = s.person_id", *bounds]
        if self.monthly:
            on.append("date_trunc('month', e.day) = s.month")
        return f"{subjects} s JOIN {events} e ON {' AND '.join(on)}"

    def _events(self, events: Events, *, coded: bool = False) -> str:
        return self.table("events", self._events_query(events, coded=coded))

    def _events_query(self, events: Events, *, coded: bool = False) -> str:
        query = events_sql(
            events, self.period, self._concepts, self._units, coded=coded
        )
        start = events.window.start
        if (
            self._visits
            and events.match == "starts_in"
            and start is not None
            and start.at == "index"
            and start.days >= 0
        ):
            # No index is before the period, so no such event is.
            query = f"SELECT * FROM ({query}) WHERE day >= {date(self.period.start)}"
        return query

    def _is_empty(self, events: Events) -> bool:
        """Whether the datamart knows no code of the concept set."""
        name = events.concept_set
        return name is not None and not self._concepts[name]


def age_sql(day: str, birth: str) -> str:
    """Write completed years on a day; `birth` is a number YYYYMMDD."""
    number = f"(year({day}) * 10000 + month({day}) * 100 + day({day}))"
    return f"(({number} - {birth}) // 10000)"
