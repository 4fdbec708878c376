"""A measure as the text of one query, for people to read and to run themselves."""

import re
from typing import Any

from rounds.datamart.compiling.concepts import resolve
from rounds.datamart.compiling.measure import compile_measure
from rounds.datamart.derived import derived_from
from rounds.datamart.engines.dialects import translated
from rounds.datamart.engines.support import support_of
from rounds.datamart.unanswered import insist_on_sound
from rounds.definitions.graph import cohorts_of
from rounds.nouns import Measure, Period, Ref

__all__ = ["measure_sql"]


def measure_sql(
    datamart: Any,
    measure: Measure,
    period: Period,
    engine: str,
    *,
    monthly: bool = False,
) -> str:
    """Write a measure as one query: a row for each subject of the initial population.

    Parameters
    ----------
    datamart : Datamart or CdmDatabase
        Open; its vocabulary says which concepts the measure's codes are.
    measure : Measure
        What to compute.
    period : Period
        Both days included.
    engine : str
        Whose SQL: a name of `SUPPORT`.
    monthly : bool
        One row a person and month, of a measure that has a monthly form.

    Returns
    -------
    str
        One WITH query over tables of the CDM by their names. Nobody who opted out is
        left out: who they are stands in no text. A cohort that the measure reads is a
        table that is named after it, as a comment at the top says: its rows are made by
        the statements of `rounds cohort show`.

    Raises
    ------
    DefinitionError
        If `check` finds a problem in the measure, or there is no such engine.
    """
    dialect = support_of(engine).dialect
    insist_on_sound(measure)
    concepts = resolve(derived_from(datamart), measure)
    tables = {ref: _table_of(ref) for ref in cohorts_of(measure)}
    columns = "subject_id, cohort_start_date, cohort_end_date"
    compiled = compile_measure(
        measure,
        period,
        concepts,
        monthly=monthly,
        cohorts={ref: f"SELECT {columns} FROM {name}" for ref, name in tables.items()},
    )
    head = "".join(
        f"-- {name}: {columns}, the rows of {ref}\n" for ref, name in tables.items()
    )
    made = ",\n".join(
        f"{name} AS (\n  {translated(query, dialect)}\n)"
        for name, query in compiled.tables.items()
    )
    return f"{head}WITH {made}\n{translated(compiled.query, dialect)}"


def _table_of(ref: Ref) -> str:
    """Name the table of a cohort's rows after it."""
    plain = re.sub(r"[^a-z0-9]+", "_", ref.name.partition("/")[2])
    return f"cohort_{plain}_{ref.hash[:8]}"
