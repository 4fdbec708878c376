"""Counts of persons over several periods: a row a person, not one a person and period.

Each criterion becomes the set of periods in which it holds of a person, a number of
`period_sets`; `all`, `any` and `not` are arithmetic of such numbers. Only counting
takes sets apart.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from rounds.datamart.compiling.described import Described, counts_sql
from rounds.datamart.compiling.nodes import Statement, is_plain
from rounds.datamart.compiling.period_criteria import Criteria, one_each
from rounds.datamart.compiling.period_sets import MOST_PERIODS, PeriodSets
from rounds.datamart.compiling.places import placed
from rounds.datamart.compiling.points import text
from rounds.datamart.compiling.subjects import BIRTH
from rounds.nouns import All, Measure

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
        column: placed(statement, sets, table, people)
        for table, column in (("care_site", "site"), ("provider", "clinician"))
        if table in by
    }
    apart = _apart(sets, judged, stratum, places)
    subjects = one_each(statement, sets, people) if "svi_quartile" in by else ""
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
        criteria = Criteria(statement, sets, people)
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
    criteria = Criteria(statement, sets, people)
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
    flags = f"SELECT s.*, {', '.join(columns)} FROM {people} s{''.join(criteria.joins)}"
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
        f"q.period_start_date, q.period_end_date, {flags}, "
        f"{stratum} AS stratum{labels} "
        f"FROM {judged} j{joins} JOIN {sets.sql} q ON ({shared} & q.bit) <> 0)"
    )
