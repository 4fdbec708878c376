"""Criteria as SQL: one table to a node, over all subjects at once.

A subject is a row of (sid, person_id, index_date, birth, gender_concept_id, …); where
it has an index, also index_end, visit_id, visit_concept_id and the times. In the
monthly form each person is a subject once a month, and only events of that month count.
"""

import hashlib
from dataclasses import replace

from rounds.datamart.compiling.events import Context, columns_of, events_sql
from rounds.datamart.compiling.numbers import number
from rounds.datamart.compiling.points import (
    Moment,
    bounds,
    in_range,
    numbers,
    shifted,
)
from rounds.definitions import visit_concepts
from rounds.nouns import (
    Age,
    All,
    Any,
    Compare,
    Events,
    Exists,
    InCohort,
    IndexProcedure,
    IndexVisit,
    LastDayWithAll,
    Measure,
    NewCode,
    Not,
    Noun,
    Occurrence,
    Point,
    Sex,
    Window,
)

__all__ = ["Statement", "age_sql", "is_plain"]

_SEXES = {"female": 8532, "male": 8507}


class Statement:
    """Tables, gathered so that the same query is written once.

    Parameters
    ----------
    measure : Measure
        Whose criteria are written.
    context : Context
        What events are written with; of cohorts, the query of each one's rows.
    """

    def __init__(self, measure: Measure, context: Context) -> None:
        self.monthly = False
        self._measure = measure
        self.tables: dict[str, str] = {}
        """Name → query, each after those that it reads."""
        cohorts = {
            ref: self.table("cohort", query) for ref, query in context.cohorts.items()
        }
        self.context = replace(context, cohorts=cohorts)

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
        plain = [part for part in parts if is_plain(part)]
        where = " AND ".join(self.holds(part, "") for part in plain) or "TRUE"
        subjects = self.table(
            "subjects", f"SELECT s.* FROM ({everybody}) s WHERE {where}"
        )
        for part in parts:
            if is_plain(part):
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
            return self._age(node, subjects)
        if isinstance(node, Sex):
            return f"coalesce(s.gender_concept_id = {_SEXES[node.of]}, FALSE)"
        if isinstance(node, IndexVisit):
            return self._index_visit(node)
        if isinstance(node, IndexProcedure):
            ids = numbers(self.context.concepts[node.concept_set])
            return (
                f"coalesce(s.procedure_concept_id IN ({ids}) "
                f"OR s.procedure_source_concept_id IN ({ids}), FALSE)"
            )
        if isinstance(node, InCohort):
            found = self._found(node.events, subjects)
            return f"s.sid IN (SELECT sid FROM {found})"
        if isinstance(node, Exists | NewCode):
            return self._of_events(node, subjects)
        assert isinstance(node, Compare), f"no SQL for {type(node).__name__}"
        reading = number(self, node.reading, subjects)
        inside = in_range("value", node.range)
        holds = f"s.sid IN (SELECT sid FROM {reading} WHERE {inside})"
        if node.if_missing:
            return f"({holds} OR s.sid NOT IN (SELECT sid FROM {reading}))"
        return holds

    def _of_events(self, node: Exists | NewCode, subjects: str) -> str:
        if self.is_empty(node.events):
            return "FALSE"
        if isinstance(node, NewCode):
            return f"s.sid IN (SELECT sid FROM {self._new_code(node, subjects)})"
        what = "*" if node.count == "rows" else "DISTINCT e.day"
        many = f"count({what}) >= {node.at_least}" if node.at_least > 1 else ""
        found = self._found(node.events, subjects, having=many)
        return f"s.sid IN (SELECT sid FROM {found})"

    def days(self, node: LastDayWithAll, subjects: str) -> str:
        """Name the table (sid, day) of the days that have all of these events."""
        parts = [
            f"SELECT s.sid, e.day FROM {self.joined(events, subjects)}"
            for events in node.events
        ]
        return self.table("days", " INTERSECT ".join(parts))

    def moment(self, point: Point, subjects: str, joins: list[str]) -> Moment:
        """Write the day of a point, over a subject `s`; `joins` gets what it needs."""
        found = self.context.over.moment(point, "s")
        if found is not None:
            return found
        if isinstance(point.at, Occurrence):
            table = self._occurrence(point.at, subjects)
            joins.append(f" LEFT JOIN {table} {table} ON {table}.sid = s.sid")
            return Moment(shifted(f"{table}.day", point))
        day, time = ("index_date", "index_time")
        if point.at == "index_end":
            day, time = ("index_end", "index_end_time")
        return Moment(shifted(f"s.{day}", point), f"s.{time}")

    def years(self, point: Point, subjects: str, joins: list[str]) -> str:
        """Write the completed years of a subject `s` on a day; NULL if not known."""
        return age_sql(self.moment(point, subjects, joins).day, "s.birth")

    def _occurrence(self, node: Occurrence, subjects: str) -> str:
        """Name the table (sid, day) of an occurrence, for subjects that have it."""
        columns = frozenset({"until"} if node.day == "end" else set())
        day = "max(e.until)" if node.day == "end" else "e.day"
        order = "e.day" if node.which == "first" else "e.day DESC"
        return self.table(
            "occurrence",
            f"SELECT sid, day FROM (SELECT s.sid, {day} AS day, "
            f"row_number() OVER (PARTITION BY s.sid ORDER BY {order}) AS place "
            f"FROM {self.joined(node.events, subjects, columns=columns)} "
            f"GROUP BY s.sid, e.day) o WHERE place = {node.nth} AND day IS NOT NULL",
        )

    def _age(self, node: Age, subjects: str) -> str:
        low = 0 if node.from_years is None else node.from_years
        high = 999 if node.to_years is None else node.to_years
        joins: list[str] = []
        years = self.years(node.point, subjects, joins)
        within = f"coalesce({years} BETWEEN {low} AND {high}, FALSE)"
        if not joins:
            return within
        query = f"SELECT s.sid FROM {subjects} s{''.join(joins)} WHERE {within}"
        return f"s.sid IN (SELECT sid FROM {self.table('aged', query)})"

    def _index_visit(self, node: IndexVisit) -> str:
        parts = []
        if node.classes:
            wanted = numbers(visit_concepts(node.classes))
            parts.append(f"coalesce(s.visit_concept_id IN ({wanted}), FALSE)")
        if node.discharged_to is not None:
            place = self.context.is_place(node.discharged_to, "s")
            parts.append(f"coalesce({place}, FALSE)")
        return f"({' AND '.join(parts)})"

    def _found(self, events: Events, subjects: str, having: str = "") -> str:
        # Most such events are read once: a table of their own would cost more.
        joined = self.joined(events, subjects, f"({self.events_query(events)})")
        many = f" HAVING {having}" if having else ""
        return self.table("found", f"SELECT s.sid FROM {joined} GROUP BY s.sid{many}")

    def _new_code(self, node: NewCode, subjects: str) -> str:
        # Never before the window and once within it: the first day is in the window.
        ever = node.events.model_copy(update={"window": Window()})
        columns = frozenset({"code"}) | columns_of(node.events)
        events = self._events(ever, columns)
        per, also = "person_id, code", ""
        if self.context.hangs_on_period(ever):
            per, also = f"{per}, period", " AND f.period = s.period"
        first = self.table(
            "first_given",
            f"SELECT {per}, min(day) AS day FROM {events} GROUP BY {per}",
        )
        assert node.events.window.start is not None, "new_code has a start"
        joins: list[str] = []
        start = self.moment(node.events.window.start, subjects, joins).day
        joined = self.joined(
            node.events, subjects, f"({self.events_query(node.events, columns)})"
        )
        return self.table(
            "new_code",
            f"SELECT DISTINCT s.sid FROM {joined} "
            f"JOIN {first} f ON f.person_id = e.person_id AND f.code = e.code "
            f"AND f.day >= {start}{also}",
        )

    def joined(
        self,
        events: Events,
        subjects: str,
        table: str = "",
        *,
        columns: frozenset[str] = frozenset(),
    ) -> str:
        """Write subjects `s` joined to their events `e`, for a FROM.

        Parameters
        ----------
        table : str
            The table of the events, if it is made already.
        columns : frozenset of str
            What is asked of the events beside what they need themselves.
        """
        joins: list[str] = []

        def moment(point: Point) -> Moment | None:
            if self.context.over.is_same(point):
                return None
            return self.moment(point, subjects, joins)

        on = bounds(events, moment, "e")
        window = events.window
        if events.match == "starts_in" and window.start == window.end == Point(
            at="index"
        ):
            on = ["e.day = s.index_date"]  # An equality joins fastest.
        if events.of_visit == "index":
            on.append("e.visit_id = s.visit_id")
        elif events.of_visit == "another":
            on.append("coalesce(e.visit_id <> s.visit_id, TRUE)")
        if events.without_index:
            own = "sid" if self.context.over.is_one else "row_id"
            on.append(f"e.row_id <> s.{own}")
        if self.context.hangs_on_period(events):
            on.append("e.period = s.period")
        if self.monthly:
            on.append("date_trunc('month', e.day) = s.month")
        named = table or self._events(events, columns)
        on.insert(0, "e.person_id = s.person_id")
        before = "".join(dict.fromkeys(joins))
        return f"{subjects} s{before} JOIN {named} e ON {' AND '.join(on)}"

    def _events(self, events: Events, columns: frozenset[str] = frozenset()) -> str:
        return self.table("events", self.events_query(events, columns))

    def events_query(
        self, events: Events, columns: frozenset[str] = frozenset()
    ) -> str:
        """Write events as a query, without those that no subject can need."""
        query = events_sql(events, self.context, columns)
        start = events.window.start
        counted = "index" if self._measure.index_day == "start" else "index_end"
        if (
            self._measure.basis != "person"
            and events.match == "starts_in"
            and start is not None
            and start.at == counted
            and min(start.days, start.months, start.hours or 0) >= 0
        ):
            # No index is counted before the period, so no such event is.
            first = self.context.over.start
            query = f"SELECT * FROM ({query}) k WHERE day >= {first}"
        return query

    def is_empty(self, events: Events) -> bool:
        """Whether the datamart knows no code of the concept set."""
        name = events.concept_set
        return name is not None and not self.context.concepts[name]


def is_plain(node: Noun) -> bool:
    """Whether a criterion needs no event."""
    if isinstance(node, Age):
        return not isinstance(node.point.at, Occurrence)
    return isinstance(node, Sex | IndexVisit | IndexProcedure)


def age_sql(day: str, birth: str) -> str:
    """Write completed years on a day; `birth` is a number YYYYMMDD."""
    number = f"(year({day}) * 10000 + month({day}) * 100 + day({day}))"
    return f"(({number} - {birth}) // 10000)"
