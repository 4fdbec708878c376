"""Counts of persons over several periods: a row a person, not one a person and period.

Each criterion becomes the set of periods in which it holds of a person, a number of
`period_sets`; `all`, `any` and `not` are arithmetic of such numbers. A criterion that
hangs on more than the days of rows is asked of a person and period at a time, as it is
where rows are wanted, and its answers are gathered. Only counting takes sets apart.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from rounds.datamart.compile_described import Described, counts_sql
from rounds.datamart.compile_nodes import Statement, is_plain
from rounds.datamart.compile_points import in_range, numbers, text
from rounds.datamart.compile_subjects import BIRTH
from rounds.datamart.period_sets import MOST_PERIODS, PeriodSets
from rounds.definitions import visit_concepts
from rounds.nouns import (
    Age,
    All,
    Any,
    Compare,
    Events,
    Exists,
    InCohort,
    LastDayWithAll,
    Measure,
    Not,
    Noun,
    Point,
    Reading,
    Sex,
    Window,
)

__all__ = ["counts_over"]


def counts_over(
    described: Described, kept: str, by: Collection[str], stratifier: str | None
) -> str:
    """Write the query of counts of a proportion of persons over several periods.

    Parameters
    ----------
    described : Described
        The measure and its periods, at most `MOST_PERIODS`; its statement gets the
        tables that the query reads. Who the subjects are is filled in here.
    kept : str
        The condition on a row `p` of persons who may be counted at all.
    by : collection of str
        As `counts_sql` takes it.
    stratifier : str or None
        One of the measure's.

    Returns
    -------
    str
        A SELECT with the columns of `counts_sql`.
    """
    measure, statement = described.measure, described.statement
    assert measure.scoring == "proportion", "only proportions are counted"
    assert len(described.over.each) <= MOST_PERIODS, "each period has a bit"
    sets = PeriodSets(described.over)
    people = _narrowed(statement, sets, measure, kept)
    judged, stratum = _judged(statement, sets, measure, people, stratifier)
    places = {
        column: _placed(statement, sets, table, people)
        for table, column in (("care_site", "site"), ("provider", "clinician"))
        if table in by
    }
    apart = _apart(sets, judged, stratum, places)
    subjects = _one_each(statement, sets, people) if "svi_quartile" in by else ""
    whole = replace(
        described, judged=apart, subjects=subjects, people=people, is_placed=True
    )
    return counts_sql(whole, by)


def _narrowed(
    statement: Statement, sets: PeriodSets, measure: Measure, kept: str
) -> str:
    """Name the table of persons with the periods of their initial population.

    Clauses are applied as `Statement.narrowed` does: those that need no event first.
    """
    node = measure.initial_population
    parts = node.of if isinstance(node, All) else (node,)
    people = statement.table(
        "people",
        "SELECT row_number() OVER (ORDER BY p.person_id) AS number, p.person_id, "
        f"{BIRTH} AS birth, p.gender_concept_id, "
        f"CAST({sets.everything} AS BIGINT) AS periods FROM person p WHERE {kept}",
    )
    for part in sorted(parts, key=lambda one: not is_plain(one)):
        criteria = _Criteria(statement, sets, people)
        those = criteria.of(part)
        left = (
            "SELECT s.number, s.person_id, s.birth, s.gender_concept_id, "
            f"s.periods & {those} AS periods FROM {people} s{''.join(criteria.joins)}"
        )
        people = statement.table(
            "people", f"SELECT s.* FROM ({left}) s WHERE s.periods <> 0"
        )
    return people


def _judged(
    statement: Statement,
    sets: PeriodSets,
    measure: Measure,
    people: str,
    stratifier: str | None,
) -> tuple[str, str]:
    """Name the table of persons with the periods of each population beside them.

    Also give the label of the first stratum that holds in a period `q` of a row `j`.
    """
    criteria = _Criteria(statement, sets, people)
    every = sets.where("TRUE")
    none = "CAST(0 AS BIGINT)"
    wanted = {
        "eligible": (measure.denominator, every),
        "excluded": (measure.denominator_exclusion, none),
        "excepted": (measure.denominator_exception, none),
        "met": (measure.numerator, none),
        "unmet": (measure.numerator_exclusion, none),
        "known": (measure.observed_when, every),
    }
    columns = [
        f"{absent if node is None else criteria.of(node)} AS {name}"
        for name, (node, absent) in wanted.items()
    ]
    labels = []
    for one in measure.stratifiers:
        if one.name == stratifier:
            for n, stratum in enumerate(one.strata):
                columns.append(f"{criteria.of(stratum.when)} AS stratum_{n}")
                label = text(stratum.label)
                labels.append(f" WHEN (j.stratum_{n} & q.bit) <> 0 THEN {label}")
    flags = (
        f"SELECT s.*, {', '.join(columns)} FROM {people} s{''.join(criteria.joins)}"
    )
    excepted = sets.without(f"(excepted & {sets.without('met')})")
    counted = f"(periods & eligible & {sets.without('excluded')} & {excepted})"
    judged = statement.table(
        "judged",
        f"SELECT f.*, {counted} AS denominator, "
        f"({counted} & met & {sets.without('unmet')}) AS numerator, "
        f"({counted} & known) AS observed FROM ({flags}) f",
    )
    return judged, f"CASE{''.join(labels)} ELSE '' END" if labels else "''"


_FLAGS: Final = (
    "eligible",
    "excluded",
    "excepted",
    "met",
    "denominator",
    "numerator",
    "observed",
)


def _apart(
    sets: PeriodSets, judged: str, stratum: str, places: Mapping[str, str]
) -> str:
    """Write a row a person and period, as `counts_sql` reads it.

    Parameters
    ----------
    places : mapping of str to str
        Name of a column → the table of person_id, its label, and the periods of it.
    """
    flags = ", ".join(f"((j.{one} & q.bit) <> 0) AS {one}" for one in _FLAGS)
    labels = "".join(f", {column}.label AS {column}" for column in places)
    joins = "".join(
        f" JOIN {table} {column} ON {column}.person_id = j.person_id"
        for column, table in places.items()
    )
    shared = " & ".join(["j.periods", *(f"{column}.periods" for column in places)])
    return (
        f"(SELECT j.number * {len(sets.over.each)} + q.period AS sid, j.person_id, "
        "q.period_end_date AS index_date, j.birth, j.gender_concept_id, q.period, "
        f"q.period_start_date, q.period_end_date, {flags}, {stratum} AS stratum{labels} "
        f"FROM {judged} j{joins} JOIN {sets.sql} q ON ({shared} & q.bit) <> 0)"
    )


def _one_each(statement: Statement, sets: PeriodSets, people: str) -> str:
    """Name the table of a row a person and period, as other nodes read subjects."""
    return statement.table(
        "subjects",
        f"SELECT s.number * {len(sets.over.each)} + q.period AS sid, s.person_id, "
        "q.period_end_date AS index_date, s.birth, s.gender_concept_id, "
        "CAST(NULL AS INTEGER) AS visit_concept_id, q.period, q.period_start_date, "
        f"q.period_end_date, q.bit FROM {people} s "
        f"JOIN {sets.sql} q ON (s.periods & q.bit) <> 0",
    )


def _placed(statement: Statement, sets: PeriodSets, table: str, people: str) -> str:
    """Name the table of each person's site, or clinician, with the periods of it.

    In a period it is that of most outpatient visits; a tie goes to the one seen last,
    then to the first by its own identifier; it is empty where there is none. Visits are
    counted only where a person has been seen by several in one period.
    """
    outpatient = numbers(visit_concepts(["outpatient"]))
    over = sets.over
    days = Events(
        domain="visit",
        window=Window(start=Point(at="period_start"), end=Point(at="period_end")),
    )
    seen = statement.table(
        "seen",
        f"SELECT e.person_id, e.label, e.day, {sets.of_event(days, 'e')} AS periods "
        f"FROM (SELECT v.person_id, x.{table}_source_value AS label, "
        "CAST(v.visit_start_date AS DATE) AS day FROM visit_occurrence v "
        f"JOIN {table} x ON x.{table}_id = v.{table}_id "
        f"WHERE v.visit_concept_id IN ({outpatient}) "
        f"AND x.{table}_source_value IS NOT NULL "
        f"AND v.visit_start_date BETWEEN {over.start} AND {over.end} "
        f"AND v.person_id IN (SELECT person_id FROM {people})) e",
    )
    each = statement.table(
        "label",
        "SELECT person_id, label, bit_or(periods) AS periods "
        f"FROM {seen} GROUP BY person_id, label",
    )
    several = statement.table(
        "several",
        "SELECT a.person_id, bit_or(a.periods & b.periods) AS periods "
        f"FROM {each} a JOIN {each} b ON b.person_id = a.person_id "
        "AND a.label < b.label WHERE (a.periods & b.periods) <> 0 GROUP BY a.person_id",
    )
    alone = (
        "SELECT e.person_id, e.label, "
        f"e.periods & {sets.without('coalesce(m.periods, 0)')} AS periods "
        f"FROM {each} e LEFT JOIN {several} m ON m.person_id = e.person_id"
    )
    most = (
        "SELECT e.person_id, e.label, q.bit AS periods "
        f"FROM {seen} e JOIN {several} m ON m.person_id = e.person_id "
        f"JOIN {sets.sql} q ON (e.periods & m.periods & q.bit) <> 0 "
        "GROUP BY e.person_id, q.bit, e.label "
        "QUALIFY row_number() OVER (PARTITION BY e.person_id, q.bit "
        "ORDER BY count(*) DESC, max(e.day) DESC, e.label) = 1"
    )
    placed = statement.table(
        "placed", f"SELECT a.* FROM ({alone}) a UNION ALL SELECT b.* FROM ({most}) b"
    )
    rest = sets.without("coalesce(r.periods, 0)")
    nowhere = (
        f"SELECT s.person_id, '' AS label, s.periods & {rest} AS periods "
        f"FROM {people} s LEFT JOIN (SELECT person_id, bit_or(periods) AS periods "
        f"FROM {each} GROUP BY person_id) r ON r.person_id = s.person_id"
    )
    return statement.table(
        "places",
        f"SELECT y.* FROM (SELECT z.* FROM {placed} z UNION ALL "
        f"SELECT n.* FROM ({nowhere}) n) y WHERE y.periods <> 0",
    )


@dataclass
class _Criteria:
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
        subjects = _one_each(self.statement, self.sets, self.people)
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
