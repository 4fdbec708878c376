"""Criteria of persons as sets of periods: in which of them does each hold?

A criterion that hangs on more than the days of rows is asked of a person and period at
a time, as it is where rows are wanted, and its answers are gathered.
"""

from dataclasses import dataclass, field

from rounds.datamart.compiling.nodes import Statement
from rounds.datamart.compiling.period_sets import PeriodSets
from rounds.datamart.compiling.points import in_range
from rounds.nouns import (
    Age,
    All,
    Any,
    Compare,
    Events,
    Exists,
    InCohort,
    LastDayWithAll,
    Not,
    Noun,
    Reading,
    Sex,
)

__all__ = ["Criteria", "one_each"]


def one_each(statement: Statement, sets: PeriodSets, people: str) -> str:
    """Name the table of a row a person and period, as other nodes read subjects."""
    return statement.table(
        "subjects",
        f"SELECT s.number * {len(sets.over.each)} + q.period AS sid, s.person_id, "
        "q.period_end_date AS index_date, s.birth, s.gender_concept_id, "
        "CAST(NULL AS INTEGER) AS visit_concept_id, q.period, q.period_start_date, "
        f"q.period_end_date, q.bit FROM {people} s "
        f"JOIN {sets.sql} q ON (s.periods & q.bit) <> 0",
    )


@dataclass
class Criteria:
    """Criteria of some people, as sets of periods; with the joins that they need."""

    statement: Statement
    sets: PeriodSets
    people: str
    joins: dict[str, None] = field(default_factory=dict)
    """Each to be written behind the people `s`."""

    def of(self, node: Noun) -> str:
        """Write the set of periods in which a criterion holds of a row `s`."""
        if isinstance(node, All | Any):
            sign = " & " if isinstance(node, All) else " | "
            return f"({sign.join(self.of(part) for part in node.of)})"
        if isinstance(node, Not):
            return self.sets.without(self.of(node.of))
        if isinstance(node, Sex):
            return self.sets.where(self.statement.holds(node, ""))
        found = None
        if isinstance(node, Age):
            found = self.sets.of_age(node, "s.birth")
        elif isinstance(node, Exists | InCohort):
            found = self._exists(node)
        elif isinstance(node, Compare):
            found = self._compare(node)
        return self._one_by_one(node) if found is None else found

    def _joined(self, query: str) -> str:
        """Join a query of person_id and periods; write the periods."""
        table = self.statement.table("held", query)
        self.joins[f" LEFT JOIN {table} {table} ON {table}.person_id = s.person_id"] = (
            None
        )
        return f"coalesce({table}.periods, 0)"

    def _one_by_one(self, node: Noun) -> str:
        """Ask of each person and period, and gather the periods in which it holds."""
        subjects = one_each(self.statement, self.sets, self.people)
        holds = self.statement.holds(node, subjects)
        return self._joined(
            f"SELECT s.person_id, bit_or(s.bit) AS periods FROM {subjects} s "
            f"WHERE {holds} GROUP BY s.person_id"
        )

    def _inside(self, events: Events, row: str) -> str | None:
        """Write the periods that an event counts in, if its row alone says so."""
        if events.of_visit != "any" or events.without_index:
            return None
        if self.statement.context.hangs_on_period(events):
            return None
        return self.sets.of_event(events, row)

    def _exists(self, node: Exists | InCohort) -> str | None:
        events = node.events
        inside = self._inside(events, "e")
        if inside is None or (isinstance(node, Exists) and node.at_least > 1):
            return None
        if self.statement.is_empty(events):
            return "CAST(0 AS BIGINT)"
        return self._joined(
            "SELECT person_id, bit_or(periods) AS periods FROM "
            f"(SELECT e.person_id, {inside} AS periods "
            f"FROM ({self.statement.events_query(events)}) e "
            f"WHERE e.person_id IN (SELECT person_id FROM {self.people})) m "
            "WHERE periods <> 0 GROUP BY person_id"
        )

    def _compare(self, node: Compare) -> str | None:
        """Compare a value of the last day, or the first, that counts in a period."""
        reading = node.reading
        if not isinstance(reading, Reading) or reading.otherwise is not None:
            return None
        if reading.day is None:
            chosen = self._own_day(reading)
        else:
            chosen = self._that_day(reading, reading.day)
        if chosen is None:
            return None
        inside = in_range("c.value", node.range)
        met = self._joined(
            "SELECT c.person_id, bit_or(c.periods) AS periods "
            f"FROM {chosen} c WHERE c.periods <> 0 AND {inside} GROUP BY c.person_id"
        )
        if not node.if_missing:
            return met
        known = self._joined(
            "SELECT c.person_id, bit_or(c.periods) AS periods "
            f"FROM {chosen} c GROUP BY c.person_id"
        )
        return f"({met} | {self.sets.without(known)})"

    def _daily(self, events: Events, value: str) -> str:
        """Name the table of days that have such events, with one value of each."""
        return self.statement.table(
            "daily",
            f"SELECT e.person_id, e.day, {value}(e.value) AS value "
            f"FROM ({self.statement.events_query(events)}) e "
            f"WHERE e.person_id IN (SELECT person_id FROM {self.people}) "
            "GROUP BY e.person_id, e.day",
        )

    def _of_day(self, events: Events) -> str | None:
        """Write the periods of a row `d`, if its day alone says so."""
        return self._inside(events, "d") if events.match == "starts_in" else None

    def _own_day(self, reading: Reading) -> str | None:
        """Name the table of values on the first or last day that has one."""
        inside = self._of_day(reading.events)
        if inside is None or reading.pick not in {"first", "last"} or reading.nth > 1:
            return None
        daily = self._daily(reading.events, "min")
        days = (
            f"SELECT d.person_id, d.day, d.value, {inside} AS periods FROM {daily} d "
            "WHERE d.value IS NOT NULL"
        )
        return self.statement.table("chosen", self._ends(days, reading.pick, "value"))

    def _that_day(self, reading: Reading, node: LastDayWithAll) -> str | None:
        """Name the table of values on the last day that has all of some events."""
        inside = [self._of_day(one) for one in (reading.events, *node.events)]
        value = {"lowest": "min", "highest": "max"}.get(reading.pick)
        if None in inside or value is None:
            return None
        own, *others = (one for one in inside if one is not None)
        tables = [self._daily(one, "min") for one in node.events]
        joins = "".join(
            f" JOIN {table} d{n} ON d{n}.person_id = d.person_id AND d{n}.day = d.day"
            for n, table in enumerate(tables[1:])
        )
        days = (
            f"SELECT d.person_id, d.day, {' & '.join(others)} AS periods "
            f"FROM {tables[0]} d{joins}"
        )
        last = self.statement.table("last_days", self._ends(days, "last"))
        daily = self._daily(reading.events, value)
        return self.statement.table(
            "chosen",
            f"SELECT d.person_id, d.value, l.periods & {own} AS periods FROM {daily} d "
            f"JOIN {last} l ON l.person_id = d.person_id AND l.day = d.day "
            "WHERE d.value IS NOT NULL AND l.periods <> 0",
        )

    def _ends(self, days: str, which: str, *columns: str) -> str:
        """Write for each day the periods of which it is the last, or the first.

        The days of a period follow each other, so a day is its last one if the next is
        in it no more.
        """
        next_to = "lead" if which == "last" else "lag"
        chosen = "".join(f", d.{one}" for one in ("person_id", "day", *columns))[2:]
        return (
            f"SELECT {chosen}, d.periods & "
            f"{self.sets.without('coalesce(d.beside, 0)')} AS periods "
            f"FROM (SELECT d.*, {next_to}(d.periods) OVER "
            "(PARTITION BY d.person_id ORDER BY d.day) AS beside "
            f"FROM ({days}) d WHERE d.periods <> 0) d"
        )
