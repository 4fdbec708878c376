"""A measure as SQL, a table after another: from everybody to one row a subject.

The tables narrow subjects by the initial population, find the index, put the
other populations beside each as true or false, and add site, clinician, age, sex and
SVI quartile. Ties are broken by what a row says, then by its id, never by its place.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from rounds.datamart.compile_events import Context, date, numbers, text
from rounds.datamart.compile_nodes import Statement, age_sql
from rounds.datamart.compile_numbers import number
from rounds.datamart.compile_subjects import everybody, indexed
from rounds.datamart.compile_units import Units
from rounds.definitions import visit_concepts
from rounds.definitions.graph import codes_of, concept_set_of, day_of
from rounds.nouns import Measure, Noun, Number, Period, Ref

__all__ = ["Compiled", "Concepts", "compile_measure"]


@dataclass(frozen=True)
class Concepts:
    """What the datamart's own concepts are for the codes of a measure."""

    sets: Mapping[str, tuple[int, ...]]
    """Concept set name → concept ids."""
    units: Units
    """How the values of its events are read."""
    svi: tuple[int, ...]
    """The concepts of the social vulnerability index."""
    limitations: tuple[str, ...] = ()
    """What could not be found of its codes, for the reader of a result."""


@dataclass(frozen=True)
class Compiled:
    """A measure as SQL."""

    tables: Mapping[str, str]
    """Name → query, each after those that it reads; a name is a hash of its query."""
    query: str
    """One SELECT over the tables, with the columns that `rows` names."""
    opted_out: str
    """The table of `person_source_value` to leave out, which the caller makes; it is
    read only where there is someone."""


def compile_measure(
    measure: Measure,
    period: Period,
    concepts: Concepts,
    *,
    without: frozenset[str] = frozenset(),
    monthly: bool = False,
    only: str | None = None,
    stratifier: str | None = None,
    cohorts: Mapping[Ref, str] | None = None,
) -> Compiled:
    """Write a measure as SQL.

    Parameters
    ----------
    measure : Measure
        A measure that `check` finds nothing wrong with.
    period : Period
        Both days included.
    concepts : Concepts
        What its codes are in this datamart.
    without : frozenset of str
        `person_source_value` of those who are in no population.
    monthly : bool
        One row a person and calendar month in which the person has a day that the
        numerator reads (for the person basis), judged by that month's days alone.
    only : str, optional
        A table of the `person_id` to look at, which the caller makes; everybody, if
        not given.
    stratifier : str, optional
        One of the measure's, whose strata are to stand beside the subjects.
    cohorts : mapping of Ref to str, optional
        For each cohort that the measure reads, a query of its rows: subject_id,
        cohort_start_date, cohort_end_date.

    Returns
    -------
    Compiled
        No identifier is in its text: those left out are read from a table.
    """
    stays = {str(ref): query for ref, query in (cohorts or {}).items()}
    codes = {
        one.name: codes_of(concept_set_of(measure, one.name))
        for one in measure.concept_sets
    }
    context = Context(period, concepts.sets, concepts.units, codes, stays)
    statement = Statement(measure, context)
    listed = "\n".join(sorted(without))
    opted_out = f"opted_out_{hashlib.sha256(listed.encode()).hexdigest()[:24]}"
    kept = "TRUE"
    if without:
        kept = (
            "coalesce(p.person_source_value, '') NOT IN "
            f"(SELECT person_source_value FROM {opted_out})"
        )
    if only is not None:
        kept += f" AND p.person_id IN (SELECT person_id FROM {only})"
    candidates = everybody(measure, period, kept)
    subjects = statement.narrowed(candidates, measure.initial_population)
    if measure.basis != "person":
        subjects = statement.table("indexed", indexed(measure, subjects))
    people = subjects
    if monthly and measure.basis == "person":
        subjects = _months(statement, measure, subjects)
    judged = _judged(statement, measure, subjects, stratifier)
    sites = ""
    if measure.basis == "person":
        sites = _sites(statement, period, people)
    svi = statement.table("svi", _svi(subjects, concepts))
    query = _described(measure, period, judged, sites, svi)
    return Compiled(statement.tables, query, opted_out)


def _months(statement: Statement, measure: Measure, subjects: str) -> str:
    """Keep who is counted over the whole period, once a month that has a reading."""
    whole = _judged(statement, measure, subjects)
    counted = statement.table(
        "counted",
        f"SELECT s.* FROM {subjects} s SEMI JOIN "
        f"(SELECT sid FROM {whole} WHERE denominator) USING (sid)",
    )
    day = day_of(measure)
    assert day is not None, "run_measure has refused this"
    days = statement.days(day, counted)
    statement.monthly = True
    return statement.table(
        "monthly",
        "SELECT row_number() OVER (ORDER BY s.sid, m.month) AS sid, s.person_id, "
        "CAST(m.month AS DATE) AS index_date, s.birth, s.gender_concept_id, "
        "s.visit_concept_id, m.month "
        f"FROM {counted} s JOIN (SELECT DISTINCT sid, "
        f"date_trunc('month', day) AS month FROM {days}) m ON m.sid = s.sid",
    )


def _judged(
    statement: Statement,
    measure: Measure,
    subjects: str,
    stratifier: str | None = None,
) -> str:
    """Name the table of subjects with each population beside them."""

    def flag(criterion: Noun | None, absent: str) -> str:
        return absent if criterion is None else statement.holds(criterion, subjects)

    joined = []

    def value(node: Number | None, name: str, absent: str) -> str:
        if node is None:
            return f"CAST({absent} AS DOUBLE) AS {name}"
        table = number(statement, node, subjects)
        joined.append(f" LEFT JOIN {table} {name}_of ON {name}_of.sid = s.sid")
        return f"{name}_of.value AS {name}"

    # In the monthly form the subjects are those counted over the whole period already.
    eligible = excluded = excepted = None
    if not statement.monthly:
        eligible = measure.denominator
        excluded = measure.denominator_exclusion
        excepted = measure.denominator_exception
    values = (
        value(measure.measure_observation, "value", "NULL"),
        value(measure.numerator_observation, "above", "1"),
        value(measure.denominator_observation, "below", "1"),
        value(measure.expected, "expected", "NULL"),
    )
    flags = (
        "SELECT s.*, "
        f"{flag(eligible, 'TRUE')} AS eligible, "
        f"{flag(excluded, 'FALSE')} AS excluded, "
        f"{flag(excepted, 'FALSE')} AS excepted, "
        f"{flag(measure.numerator, 'FALSE')} AS met, "
        f"{flag(measure.numerator_exclusion, 'FALSE')} AS unmet, "
        f"{flag(measure.observed_when, 'TRUE')} AS known, "
        f"{_stratum(statement, measure, subjects, stratifier)} AS stratum, "
        f"{', '.join(values)} FROM {subjects} s{''.join(joined)}"
    )
    counted = "eligible AND NOT excluded AND NOT (excepted AND NOT met)"
    above = f"{counted} AND met AND NOT unmet"
    observed = f"{counted} AND known"
    if measure.scoring == "continuous-variable":
        observed += " AND value IS NOT NULL"
    elif measure.scoring == "ratio":
        above = "met AND NOT unmet"
        observed = (
            f"(({counted}) OR ({above})) AND known "
            f"AND (above IS NOT NULL OR NOT ({above})) "
            f"AND (below IS NOT NULL OR NOT ({counted}))"
        )
    return statement.table(
        "judged",
        f"SELECT *, ({counted}) AS denominator, ({above}) AS numerator, "
        f"({observed}) AS observed FROM ({flags}) f",
    )


def _stratum(
    statement: Statement, measure: Measure, subjects: str, stratifier: str | None
) -> str:
    """Write the label of the first stratum that holds; empty if none does."""
    for one in measure.stratifiers:
        if one.name == stratifier:
            cases = " ".join(
                f"WHEN {statement.holds(each.when, subjects)} THEN {text(each.label)}"
                for each in one.strata
            )
            return f"CASE {cases} ELSE '' END"
    return "''"


def _sites(statement: Statement, period: Period, people: str) -> str:
    """Join a row `j` to the site `a` and the clinician `b` of most visits."""
    persons = f"(SELECT person_id FROM {people})"
    sites = statement.table("sites", _most_seen(period, persons, "care_site"))
    clinicians = statement.table("clinicians", _most_seen(period, persons, "provider"))
    return (
        f" LEFT JOIN {sites} a ON a.person_id = j.person_id"
        f" LEFT JOIN {clinicians} b ON b.person_id = j.person_id"
    )


def _described(
    measure: Measure, period: Period, judged: str, sites: str, svi: str
) -> str:
    site, clinician, shown = "j.site", "j.clinician", "j.counted_date"
    if measure.basis == "person":
        site, clinician, shown = "a.label", "b.label", "j.index_date"
    day = date(period.end) if measure.basis == "person" else "j.index_date"
    added = "j.observed AND j.numerator", "j.observed AND j.denominator"
    return (
        "SELECT j.person_id, "
        "coalesce(p.person_source_value, '') AS person_source_value, "
        f"coalesce({site}, '') AS care_site, coalesce({clinician}, '') AS provider, "
        f"{shown} AS index_date, coalesce({age_sql(day, 'j.birth')}, -1) AS age, "
        "CASE p.gender_concept_id WHEN 8532 THEN 'F' WHEN 8507 THEN 'M' ELSE '' END "
        "AS sex, "
        "coalesce(q.quartile, 0) AS svi_quartile, "
        "j.denominator, j.numerator, j.observed, "
        "j.excluded AND j.eligible AS excluded, "
        "j.eligible AND NOT j.excluded AND j.excepted AND NOT j.met AS excepted, "
        "coalesce(j.value, 'nan'::DOUBLE) AS value, j.stratum, "
        f"CASE WHEN {added[0]} THEN j.above ELSE 0 END AS numerator_value, "
        f"CASE WHEN {added[1]} THEN j.below ELSE 0 END AS denominator_value, "
        "coalesce(j.expected, 'nan'::DOUBLE) AS expected "
        f"FROM {judged} j JOIN person p ON p.person_id = j.person_id{sites} "
        f"LEFT JOIN {svi} q ON q.sid = j.sid ORDER BY j.person_id, {shown}"
    )


def _most_seen(period: Period, persons: str, table: str) -> str:
    """Give each person the site (or clinician) of most outpatient visits in the period.

    A tie goes to the one seen last, then to the first by its own identifier.
    """
    outpatient = numbers(visit_concepts(["outpatient"]))
    label = f"x.{table}_source_value"
    return (
        f"SELECT v.person_id, {label} AS label FROM visit_occurrence v "
        f"JOIN {table} x ON x.{table}_id = v.{table}_id "
        f"WHERE v.visit_concept_id IN ({outpatient}) AND {label} IS NOT NULL "
        f"AND v.visit_start_date BETWEEN {date(period.start)} AND {date(period.end)} "
        f"AND v.person_id IN {persons} GROUP BY v.person_id, {label} "
        "QUALIFY row_number() OVER (PARTITION BY v.person_id ORDER BY count(*) DESC, "
        f"max(v.visit_start_date) DESC, {label}) = 1"
    )


def _svi(subjects: str, concepts: Concepts) -> str:
    """Give the quartile of the latest percentile rank on or before the index day."""
    ids = numbers(concepts.svi)
    rank = "t.value_as_number"
    return (
        "SELECT j.sid, CASE "
        f"WHEN {rank} < 0.25 THEN 1 WHEN {rank} < 0.5 THEN 2 WHEN {rank} < 0.75 THEN 3 "
        f"ELSE 4 END AS quartile FROM {subjects} j "
        "JOIN observation t ON t.person_id = j.person_id "
        f"WHERE (t.observation_concept_id IN ({ids}) "
        f"OR t.observation_source_concept_id IN ({ids})) "
        f"AND t.observation_date <= j.index_date AND {rank} BETWEEN 0 AND 1 "
        "QUALIFY row_number() OVER (PARTITION BY j.sid "
        f"ORDER BY t.observation_date DESC, {rank}) = 1"
    )
