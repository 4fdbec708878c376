"""A measure as the text of one query, for people to read and to run themselves."""

from typing import Any

from rounds.datamart.compile import compile_measure
from rounds.datamart.compile_concepts import resolve
from rounds.datamart.derived import derived_from
from rounds.datamart.engines.dialects import translated
from rounds.datamart.engines.support import support_of
from rounds.datamart.rows import insist_on_sound
from rounds.nouns import Measure, Period

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
        left out: who they are stands in no text.

    Raises
    ------
    DefinitionError
        If `check` finds a problem in the measure, or there is no such engine.
    """
    dialect = support_of(engine).dialect
    insist_on_sound(measure)
    concepts = resolve(derived_from(datamart), measure)
    compiled = compile_measure(measure, period, concepts, monthly=monthly)
    made = ",\n".join(
        f"{name} AS (\n  {translated(query, dialect)}\n)"
        for name, query in compiled.tables.items()
    )
    return f"WITH {made}\n{translated(compiled.query, dialect)}"
