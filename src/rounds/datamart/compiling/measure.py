"""A measure as SQL, a table after another: from everybody to one row a subject.

The tables narrow subjects by the initial population, find the index, put the
other populations beside each as true or false, and add site, clinician, age, sex and
SVI quartile. Ties are broken by what a row says, then by its id, never by its place.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from rounds.datamart.compiling.described import Described, counts_sql, rows_sql
from rounds.datamart.compiling.events import Context, text
from rounds.datamart.compiling.nodes import Statement
from rounds.datamart.compiling.numbers import number
from rounds.datamart.compiling.over import counts_over
from rounds.datamart.compiling.periods import Periods
from rounds.datamart.compiling.subjects import everybody, indexed
from rounds.datamart.compiling.units import Units
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
    by_code: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    """Concept set name → each code that it lists → the concept ids of that code."""
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
    periods: Period | tuple[Period, ...],
    concepts: Concepts,
    *,
    without: frozenset[str] = frozenset(),
    monthly: bool = False,
    only: str | None = None,
    to_the_year: bool = False,
    stratifier: str | None = None,
    cohorts: Mapping[Ref, str] | None = None,
    counted_by: Collection[str] | None = None,
) -> Compiled:
    """Write a measure as SQL.

    Parameters
    ----------
    measure : Measure
        A measure that `check` finds nothing wrong with.
    periods : Period or tuple of Period
        Both days included. Of several, which may overlap, each is looked at in the same
        query: a subject is then one of a period, whose place from 0 is in the column
        `period` of the result.
    concepts : Concepts
        What its codes are in this datamart.
    without : frozenset of str
        `person_source_value` of those who are in no population.
    monthly : bool
        One row a person and calendar month in which the person has a day that the
        numerator reads (for the person basis), judged by that month's days alone. Of
        one period.
    only : str, optional
        A table of the `person_id` to look at, which the caller makes; everybody, if
        not given.
    to_the_year : bool
        Whether dates are known to the year alone, so that of two that are equal nobody
        knows the later one.
    stratifier : str, optional
        One of the measure's, whose strata are to stand beside the subjects.
    cohorts : mapping of Ref to str, optional
        For each cohort that the measure reads, a query of its rows: subject_id,
        cohort_start_date, cohort_end_date.
    counted_by : collection of str, optional
        If given, the query counts: a row for each value of these characteristics, as
        `rows` names their columns, and no row of a person.

    Returns
    -------
    Compiled
        No identifier is in its text: those left out are read from a table.
    """
    over = Periods.of(periods)
    assert over.is_one or not monthly, "months are of one period"
    stays = {str(ref): query for ref, query in (cohorts or {}).items()}
    codes = {
        one.name: codes_of(concept_set_of(measure, one.name))
        for one in measure.concept_sets
    }
    context = Context(over, concepts.sets, concepts.units, codes, stays)
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
    described = Described(
        measure,
        over,
        statement,
        judged="",
        subjects="",
        people="",
        svi=concepts.svi,
        to_the_year=to_the_year,
    )
    if counted_by is not None and measure.basis == "person" and not over.is_one:
        query = counts_over(described, kept, counted_by, stratifier)
        return Compiled(statement.tables, query, opted_out)
    candidates = everybody(measure, over, kept)
    subjects = statement.narrowed(candidates, measure.initial_population)
    if measure.basis != "person":
        subjects = statement.table("indexed", indexed(measure, over, subjects))
    people = subjects
    if monthly and measure.basis == "person":
        subjects = _months(statement, measure, subjects)
    judged = _judged(statement, measure, subjects, stratifier)
    whole = replace(described, judged=judged, subjects=subjects, people=people)
    query = rows_sql(whole) if counted_by is None else counts_sql(whole, counted_by)
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
