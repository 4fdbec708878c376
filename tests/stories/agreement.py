"""Whether an engine gives what the reference engine gives, row for row.

One comparison for all: DuckDB's own store, the engines over a CDM elsewhere, measures
that are shipped and those that nobody wrote.
"""

from dataclasses import replace

import numpy as np

from rounds.datamart.derived import derived_from
from rounds.datamart.measures.counts import count
from rounds.datamart.measures.grouped_counts import counts_each
from rounds.datamart.rows import Asked, fetch, fetch_each, prepare
from rounds.definitions.graph import day_of
from rounds.definitions.reference import evaluate
from rounds.nouns import Age, Any, NotEstimable
from stories.measure_graphs import PERIOD
from stories.measures import cohort_query

FLAGS = ("denominator", "numerator", "observed", "excluded", "excepted")


def compared(
    datamart, measure, rows, *, without=frozenset(), cohorts=None, period=PERIOD
):
    """Assert that the rows are the same, in both forms; give how many there were.

    `cohorts` are the rows of those that the measure reads, by their Refs.
    """
    asked = _asked(datamart, measure, (period,), without, cohorts or {})
    if asked is None:
        return 0
    has_months = measure.basis == "person" and day_of(measure) is not None
    n = 0
    for monthly in (False, True)[: 1 + has_months]:
        found = fetch(datamart, asked, monthly=monthly)
        judged = evaluate(
            measure,
            rows,
            period,
            without=without,
            monthly=monthly,
            cohorts=cohorts or {},
        )
        _same(measure, found, judged, monthly=monthly, exact=_is_exact(datamart))
        n += len(judged)
    return n


def _is_exact(datamart):
    """Say whether an engine's exponential is ours: Java's has a last digit of its own."""
    return derived_from(datamart).dialect != "spark"


def compared_over(datamart, measure, rows, periods, *, cohorts=None):
    """Assert that one query over several periods gives the rows and counts of each."""
    asked = _asked(datamart, measure, periods, frozenset(), cohorts or {})
    if asked is None:
        return 0
    n = 0
    every = fetch_each(datamart, replace(asked, periods=periods))
    if measure.scoring == "proportion" and measure.expected is None:
        by = ",".join(filter(None, ("care_site,provider,sex,age", asked.by)))
        counted = counts_each(datamart, replace(asked, periods=periods, by=by))
        assert counted == [count(measure, rows, by) for rows in every]
    for period, found in zip(periods, every, strict=True):
        judged = evaluate(measure, rows, period, cohorts=cohorts or {})
        _same(measure, found, judged, monthly=False, exact=_is_exact(datamart))
        n += len(judged)
    return n


def _asked(datamart, measure, periods, without, cohorts):
    concepts = prepare(datamart, measure)
    if isinstance(concepts, NotEstimable):
        return None
    return Asked(
        measure,
        periods[0],
        concepts,
        by=measure.stratifiers[0].name if measure.stratifiers else None,
        without=without,
        cohorts={ref: cohort_query(each) for ref, each in cohorts.items()},
    )


def _same(measure, found, judged, *, monthly, exact):
    assert found.person_id.tolist() == [row.person_id for row in judged]
    assert found.index_date.tolist() == [row.index_date for row in judged]
    for name in FLAGS:
        assert getattr(found, name).tolist() == [
            getattr(row, name) for row in judged
        ], name
    if not monthly:
        _same_numbers(measure, found, judged, exact=exact)


def _same_numbers(measure, found, judged, *, exact):
    if measure.scoring == "continuous-variable":
        values = [row.value if row.observed else None for row in judged]
        linked = '"link":"log' in measure.measure_observation.model_dump_json()
        if linked and not exact:
            _alike(found.value, values)
        else:
            np.testing.assert_array_equal(found.value, _array(values))
    if measure.scoring == "ratio":
        for name in ("numerator_value", "denominator_value"):
            _alike(getattr(found, name), [getattr(row, name) for row in judged])
    _alike(found.expected, [row.expected for row in judged])
    if measure.stratifiers:
        assert found.stratum.tolist() == [row.strata[0] for row in judged]


def _alike(found, judged):
    """Assert that numbers agree, to the last digits of an exponential."""
    np.testing.assert_allclose(found, _array(judged), rtol=1e-12)


def _array(values):
    return np.array([np.nan if x is None else x for x in values], dtype=float)


def widened(measure):
    """Let everybody of a known age into the initial population.

    What is drawn at random is seldom true of anybody; the clauses after it are looked
    at only in those of whom it is.
    """
    everybody = Age(op="age", at="period_end", from_years=0)
    whole = Any(op="any", of=(measure.initial_population, everybody))
    return measure.model_copy(update={"initial_population": whole})


def beside_each_other(databases):
    """Put small databases into one, each with persons, visits and rows of its own.

    The vocabulary is that of the first.
    """
    whole = {name: [dict(row) for row in rows] for name, rows in databases[0].items()}
    for n, one in enumerate(databases[1:], start=1):
        for table, rows in one.items():
            if table.startswith("concept") or table in {"care_site", "provider"}:
                continue
            whole[table] += [_moved(row, table, 1000 * n) for row in rows]
    return whole


def stays_beside_each_other(every):
    """Put the cohorts of small databases together, as `beside_each_other` does."""
    return {
        ref: [
            {**one, "subject_id": one["subject_id"] + 1000 * n}
            for n, each in enumerate(every)
            for one in each[ref]
        ]
        for ref in every[0]
    }


def _moved(row, table, by):
    moved = dict(row)
    for column in {"person_id", "visit_occurrence_id", f"{table}_id"} & row.keys():
        if row[column] is not None:
            moved[column] = row[column] + by
    if "person_source_value" in row:
        moved["person_source_value"] = f"{row['person_source_value']} of {by}"
    return moved
