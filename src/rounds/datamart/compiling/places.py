"""Each person's site, or clinician, in several periods, as SQL."""

from rounds.datamart.compiling.nodes import Statement
from rounds.datamart.compiling.period_sets import PeriodSets
from rounds.datamart.compiling.points import numbers
from rounds.definitions import visit_concepts
from rounds.nouns import Events, Point, Window

__all__ = ["placed"]


def placed(statement: Statement, sets: PeriodSets, table: str, people: str) -> str:
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
    either = statement.table(
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
        f"SELECT y.* FROM (SELECT z.* FROM {either} z UNION ALL "
        f"SELECT n.* FROM ({nowhere}) n) y WHERE y.periods <> 0",
    )
