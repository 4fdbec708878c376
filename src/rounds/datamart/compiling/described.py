"""What stands beside a judged subject: site, clinician, age, sex, SVI quartile.

Either a row a subject with all of it, or counts by some of it: then nothing else is
looked up, and no row of a person leaves the engine.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rounds.datamart.compiling.nodes import Statement, age_sql
from rounds.datamart.compiling.periods import Periods
from rounds.datamart.compiling.points import numbers
from rounds.definitions import visit_concepts
from rounds.nouns import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COUNTED", "Described", "counts_sql", "rows_sql"]

_FLAGS = {
    "denominator": "j.denominator",
    "numerator": "j.numerator",
    "observed": "j.observed",
    "excluded": "j.excluded AND j.eligible",
    "excepted": "j.eligible AND NOT j.excluded AND j.excepted AND NOT j.met",
}
COUNTED = ("subjects", *_FLAGS)
"""What is counted: a column of the result each."""


@dataclass(frozen=True)
class Described:
    """Judged subjects `j`, and where each of their characteristics is found."""

    measure: Measure
    over: Periods
    statement: Statement
    judged: str
    subjects: str
    """The subjects that were judged: several measures may share them."""
    people: str
    """The subjects as they were found, before they were divided into months."""
    svi: tuple[int, ...]
    """The concepts of the social vulnerability index."""
    to_the_year: bool
    is_placed: bool = False
    """Whether site and clinician of a person stand in the row already."""

    @property
    def is_of_persons(self) -> bool:
        """Whether a subject is a person, not a visit or a procedure."""
        return self.measure.basis == "person"

    @property
    def shown(self) -> str:
        """The day that is shown of a subject."""
        return "j.index_date" if self.is_of_persons else "j.counted_date"

    def column(self, name: str) -> tuple[str, str]:
        """Give the SQL of a characteristic, and the join that it needs of `j`."""
        found: dict[str, Callable[[], tuple[str, str]]] = {
            "care_site": lambda: self._seen("care_site", "site"),
            "provider": lambda: self._seen("provider", "clinician"),
            "index_date": lambda: (self.shown, ""),
            "month": lambda: (f"date_trunc('month', {self.shown})", ""),
            "age": self._age,
            "sex": self._sex,
            "svi_quartile": self._svi,
        }
        return found[name]() if name in found else ("j.stratum", "")

    def _seen(self, table: str, own: str) -> tuple[str, str]:
        """Give the site, or clinician: of the visit, or of most visits."""
        if not self.is_of_persons or self.is_placed:
            return f"coalesce(j.{own}, '')", ""
        made = self.statement.table(f"{own}s", self._most_seen(table))
        also = "" if self.over.is_one else f" AND {own}.period = j.period"
        join = f" LEFT JOIN {made} {own} ON {own}.person_id = j.person_id{also}"
        return f"coalesce({own}.label, '')", join

    def _most_seen(self, table: str) -> str:
        """Give each person the one of most outpatient visits in the period.

        A tie goes to the one seen last, then to the first by its own identifier.
        """
        outpatient = numbers(visit_concepts(["outpatient"]))
        label = f"x.{table}_source_value"
        within = f"BETWEEN {self.over.start} AND {self.over.end}"
        per, joined, column = "v.person_id", "", ""
        if not self.over.is_one:
            per, joined = "v.person_id, q.period", self.over.joined
            column = ", q.period"
            within = "BETWEEN q.period_start_date AND q.period_end_date"
        return (
            f"SELECT v.person_id{column}, {label} AS label FROM visit_occurrence v "
            f"JOIN {table} x ON x.{table}_id = v.{table}_id{joined} "
            f"WHERE v.visit_concept_id IN ({outpatient}) AND {label} IS NOT NULL "
            f"AND v.visit_start_date {within} "
            f"AND v.person_id IN (SELECT person_id FROM {self.people}) "
            f"GROUP BY {per}, {label} "
            f"QUALIFY row_number() OVER (PARTITION BY {per} ORDER BY count(*) DESC, "
            f"max(v.visit_start_date) DESC, {label}) = 1"
        )

    def _age(self) -> tuple[str, str]:
        day = "j.index_date"
        if self.is_of_persons:
            day = self.over.end if self.over.is_one else "j.period_end_date"
        return f"coalesce({age_sql(day, 'j.birth')}, -1)", ""

    def _sex(self) -> tuple[str, str]:
        found = (
            "CASE j.gender_concept_id WHEN 8532 THEN 'F' WHEN 8507 THEN 'M' ELSE '' END"
        )
        return found, ""

    def _svi(self) -> tuple[str, str]:
        made = self.statement.table("svi", self._quartiles())
        return "coalesce(svi.quartile, 0)", f" LEFT JOIN {made} svi ON svi.sid = j.sid"

    def _quartiles(self) -> str:
        """Give the quartile of the latest percentile rank on or before the index day.

        A tie goes to the lowest rank; but where dates are known to the year, ranks of
        two quarters in one year are no tie, and which is the later one is not known.
        """
        ids = numbers(self.svi)
        rank = "t.value_as_number"
        tie = "" if self.to_the_year else f", {rank}"
        latest = (
            f"SELECT j.sid, CASE WHEN {rank} < 0.25 THEN 1 WHEN {rank} < 0.5 THEN 2 "
            f"WHEN {rank} < 0.75 THEN 3 ELSE 4 END AS quartile FROM {self.subjects} j "
            "JOIN observation t ON t.person_id = j.person_id "
            f"WHERE (t.observation_concept_id IN ({ids}) "
            f"OR t.observation_source_concept_id IN ({ids})) "
            f"AND t.observation_date <= j.index_date AND {rank} BETWEEN 0 AND 1 "
            "QUALIFY rank() OVER (PARTITION BY j.sid "
            f"ORDER BY t.observation_date DESC{tie}) = 1"
        )
        return (
            "SELECT sid, CASE WHEN min(quartile) = max(quartile) THEN min(quartile) "
            f"ELSE 0 END AS quartile FROM ({latest}) GROUP BY sid"
        )


def rows_sql(described: Described) -> str:
    """Write the query of a row a subject, in the columns that `rows` names."""
    names = ("care_site", "provider", "index_date", "age", "sex", "svi_quartile")
    found = {name: described.column(name) for name in names}
    beside = ", ".join(f"{sql} AS {name}" for name, (sql, _) in found.items())
    flags = ", ".join(f"{sql} AS {name}" for name, sql in _FLAGS.items())
    joins = "".join(dict.fromkeys(join for _, join in found.values()))
    added = "j.observed AND j.numerator", "j.observed AND j.denominator"
    period = "" if described.over.is_one else "j.period, "
    return (
        f"SELECT {period}j.person_id, "
        "coalesce(p.person_source_value, '') AS person_source_value, "
        f"{beside}, {flags}, "
        "coalesce(j.value, 'nan'::DOUBLE) AS value, j.stratum, "
        f"CASE WHEN {added[0]} THEN j.above ELSE 0 END AS numerator_value, "
        f"CASE WHEN {added[1]} THEN j.below ELSE 0 END AS denominator_value, "
        "coalesce(j.expected, 'nan'::DOUBLE) AS expected "
        f"FROM {described.judged} j JOIN person p ON p.person_id = j.person_id{joins} "
        f"ORDER BY {period}j.person_id, {described.shown}"
    )


def counts_sql(described: Described, by: Collection[str]) -> str:
    """Write the query of counts, a row for each value of some characteristics.

    Parameters
    ----------
    described : Described
        The subjects.
    by : collection of str
        `care_site`, `provider`, `sex`, `age`, `svi_quartile`, `month`; any other is the
        stratifier's.

    Returns
    -------
    str
        A SELECT with the columns of `COUNTED`, `period` if there are several, and one
        of each characteristic: `index_date` of a month, its first day; `stratum` of the
        stratifier.
    """
    renamed = {"month": "index_date"}
    known = {"care_site", "provider", "sex", "age", "svi_quartile", "month"}
    chosen: dict[str, str] = {}
    joins: dict[str, None] = {}
    for name in by:
        sql, join = described.column(name)
        chosen[renamed.get(name, name) if name in known else "stratum"] = sql
        joins[join] = None
    if not described.over.is_one:
        chosen["period"] = "j.period"
    inner = {**chosen, **_FLAGS}
    columns = ", ".join(f"{sql} AS {name}" for name, sql in inner.items())
    ones = {name: f"sum(CASE WHEN {name} THEN 1 ELSE 0 END)" for name in _FLAGS}
    counts = ", ".join(
        f"CAST(coalesce({one}, 0) AS BIGINT) AS {name}" for name, one in ones.items()
    )
    listed = ", ".join(chosen)
    return (
        f"SELECT {f'{listed}, ' if listed else ''}count(*) AS subjects, {counts} "
        f"FROM (SELECT {columns} FROM {described.judged} j{''.join(joins)}) r"
        + (f" GROUP BY {listed}" if listed else "")
    )
