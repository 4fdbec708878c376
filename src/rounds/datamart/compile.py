"""A measure as SQL, a table after another: from everybody to one row a subject.

The tables narrow subjects by the initial population, find the index, put the
other populations beside each as true or false, and add site, clinician, age, sex and
SVI quartile. Ties are broken by what a row says, then by its id, never by its place.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rounds.datamart.compile_events import date, numbers
from rounds.datamart.compile_nodes import Statement, age_sql
from rounds.datamart.compile_units import Units
from rounds.definitions import visit_concepts
from rounds.definitions.graph import day_of
from rounds.nouns import Measure, Noun, Period

__all__ = ["Compiled", "Concepts", "compile_measure"]

_BIRTH: Final = (
    "p.year_of_birth * 10000"
    " + coalesce(p.month_of_birth, month(p.birth_datetime), 7) * 100"
    " + coalesce(p.day_of_birth, day(p.birth_datetime), 1)"
)


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
    to_the_year: bool = False,
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
    to_the_year : bool
        Whether dates are known to the year alone, so that of two that are equal nobody
        knows the later one.

    Returns
    -------
    Compiled
        No identifier is in its text: those left out are read from a table.
    """
    statement = Statement(
        period, concepts.sets, concepts.units, visits=measure.basis == "visit"
    )
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
    everybody = _everybody(measure, period, kept)
    subjects = statement.narrowed(everybody, measure.initial_population)
    if measure.basis == "visit":
        subjects = statement.table("indexed", _indexed(measure, subjects))
    people = subjects
    if monthly and measure.basis == "person":
        subjects = _months(statement, measure, subjects)
    judged = _judged(statement, measure, subjects)
    sites = ""
    if measure.basis == "person":
        sites = _sites(statement, period, people)
    svi = statement.table("svi", _svi(subjects, concepts, to_the_year=to_the_year))
    query = _described(measure, period, judged, sites, svi)
    return Compiled(statement.tables, query, opted_out)


def _everybody(measure: Measure, period: Period, kept: str) -> str:
    if measure.basis == "person":
        return (
            "SELECT p.person_id AS sid, p.person_id, "
            f"{date(period.end)} AS index_date, {_BIRTH} AS birth, "
            "CAST(NULL AS INTEGER) AS visit_concept_id "
            f"FROM person p WHERE {kept}"
        )
    return (
        "SELECT t.visit_occurrence_id AS sid, t.person_id, "
        f"t.visit_start_date AS index_date, {_BIRTH} AS birth, t.visit_concept_id, "
        "t.visit_start_datetime AS visit_time, t.care_site_id, t.provider_id "
        "FROM visit_occurrence t JOIN person p ON p.person_id = t.person_id "
        f"WHERE t.visit_start_date BETWEEN {date(period.start)} AND {date(period.end)} "
        f"AND {kept}"
    )


def _indexed(measure: Measure, subjects: str) -> str:
    # Several visits on one day count once; which one stands for it does not hang on
    # how the datamart was loaded.
    per = "person_id" if measure.index == "first" else "person_id, index_date"
    return (
        "SELECT s.*, c.care_site_source_value AS site, "
        f"r.provider_source_value AS clinician FROM {subjects} s "
        "LEFT JOIN care_site c ON c.care_site_id = s.care_site_id "
        "LEFT JOIN provider r ON r.provider_id = s.provider_id "
        f"QUALIFY row_number() OVER (PARTITION BY {per} "
        "ORDER BY index_date, visit_time NULLS LAST, site NULLS LAST, "
        "clinician NULLS LAST, sid) = 1"
    )


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
        "CAST(m.month AS DATE) AS index_date, s.birth, s.visit_concept_id, m.month "
        f"FROM {counted} s JOIN (SELECT DISTINCT sid, "
        f"date_trunc('month', day) AS month FROM {days}) m ON m.sid = s.sid",
    )


def _judged(statement: Statement, measure: Measure, subjects: str) -> str:
    """Name the table of subjects with each population beside them."""

    def flag(criterion: Noun | None, absent: str) -> str:
        return absent if criterion is None else statement.holds(criterion, subjects)

    # In the monthly form the subjects are those counted over the whole period already.
    eligible = excluded = excepted = None
    if not statement.monthly:
        eligible = measure.denominator
        excluded = measure.denominator_exclusion
        excepted = measure.denominator_exception
    value, joined = "CAST(NULL AS DOUBLE)", ""
    if measure.measure_observation is not None:
        reading = statement.reading(measure.measure_observation, subjects)
        value, joined = "o.value", f" LEFT JOIN {reading} o ON o.sid = s.sid"
    flags = (
        "SELECT s.*, "
        f"{flag(eligible, 'TRUE')} AS eligible, "
        f"{flag(excluded, 'FALSE')} AS excluded, "
        f"{flag(excepted, 'FALSE')} AS excepted, "
        f"{flag(measure.numerator, 'FALSE')} AS met, "
        f"{flag(measure.numerator_exclusion, 'FALSE')} AS unmet, "
        f"{flag(measure.observed_when, 'TRUE')} AS known, {value} AS value "
        f"FROM {subjects} s{joined}"
    )
    observed = "known"
    if measure.scoring == "continuous-variable":
        observed = "known AND value IS NOT NULL"
    counted = "eligible AND NOT excluded AND NOT (excepted AND NOT met)"
    return statement.table(
        "judged",
        f"SELECT *, ({counted}) AS denominator, "
        f"({counted} AND met AND NOT unmet) AS numerator, "
        f"({counted} AND {observed}) AS observed FROM ({flags})",
    )


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
    if measure.basis == "visit":
        site, clinician = "j.site", "j.clinician"
    else:
        site, clinician = "a.label", "b.label"
    day = date(period.end) if measure.basis == "person" else "j.index_date"
    return (
        "SELECT j.person_id, "
        "coalesce(p.person_source_value, '') AS person_source_value, "
        f"coalesce({site}, '') AS care_site, coalesce({clinician}, '') AS provider, "
        f"j.index_date, coalesce({age_sql(day, 'j.birth')}, -1) AS age, "
        "CASE p.gender_concept_id WHEN 8532 THEN 'F' WHEN 8507 THEN 'M' ELSE '' END "
        "AS sex, "
        "coalesce(q.quartile, 0) AS svi_quartile, "
        "j.denominator, j.numerator, j.observed, "
        "j.excluded AND j.eligible AS excluded, "
        "j.eligible AND NOT j.excluded AND j.excepted AND NOT j.met AS excepted, "
        "coalesce(j.value, 'nan'::DOUBLE) AS value "
        f"FROM {judged} j JOIN person p ON p.person_id = j.person_id{sites} "
        f"LEFT JOIN {svi} q ON q.sid = j.sid ORDER BY j.person_id, j.index_date"
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


def _svi(subjects: str, concepts: Concepts, *, to_the_year: bool) -> str:
    """Give the quartile of the latest percentile rank on or before the index day.

    A tie goes to the lowest rank; but where dates are known to the year, ranks of two
    quarters in one year are no tie, and which is the later one is not known.
    """
    ids = numbers(concepts.svi)
    rank = "t.value_as_number"
    tie = "" if to_the_year else f", {rank}"
    latest = (
        "SELECT j.sid, CASE "
        f"WHEN {rank} < 0.25 THEN 1 WHEN {rank} < 0.5 THEN 2 WHEN {rank} < 0.75 THEN 3 "
        f"ELSE 4 END AS quartile FROM {subjects} j "
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
