"""A cohort as SQL for one engine: `compile_cohort(json, dialect) -> [statements]`."""

import json
from collections.abc import Mapping
from typing import Any, Final

from rounds.datamart.cohorts.circe_sql import cohort_sql
from rounds.datamart.cohorts.dialects import Dialect, statements
from rounds.nouns import Cohort

__all__ = ["PLACES", "compile_cohort"]

PLACES: Final[dict[str, str]] = {
    "cdm": "cdm",
    "vocabulary": "cdm",
    "cohort": "cohort",
    "attrition": "cohort_attrition",
}
"""Where the statements read and write, if nothing else is said."""


def compile_cohort(
    definition: str | Mapping[str, Any] | Cohort,
    dialect: Dialect,
    *,
    cohort_id: int = 1,
    places: Mapping[str, str] | None = None,
    scratch: str | None = None,
) -> list[str]:
    """Write a cohort as the statements of an engine.

    They replace the cohort's rows in the table `cohort` (`cohort_definition_id,
    subject_id, cohort_start_date, cohort_end_date`) and add to `cohort_attrition` how
    many entry events of each person met which inclusion rules, as a sum of powers of
    two: 2 ** place, from 0. `tables_for_results` writes both tables.

    Parameters
    ----------
    definition : str, mapping or Cohort
        A Circe expression as ATLAS exports it, as JSON or read from it.
    dialect : {"duckdb", "postgresql", "spark"}
        The engine's.
    cohort_id : int
        Its `cohort_definition_id`.
    places : mapping of str to str, optional
        Names of `cdm`, `vocabulary` (schemas), `cohort` and `attrition` (tables),
        where they are not those of `PLACES`.
    scratch : str, optional
        A schema for temporary tables, which Spark needs.

    Returns
    -------
    list of str
        To be run in this order, over one connection.

    Raises
    ------
    DefinitionError
        If the expression is not Circe's, or the dialect is not known.

    Examples
    --------
    >>> made = compile_cohort(
    ...     {
    ...         "ConceptSets": [],
    ...         "PrimaryCriteria": {
    ...             "CriteriaList": [{"Death": {}}],
    ...             "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
    ...         },
    ...     },
    ...     "duckdb",
    ... )
    >>> [one.split("(")[0].strip() for one in made if one.startswith("INSERT")][-1]
    'INSERT INTO cohort_attrition'
    """
    if not isinstance(definition, Cohort):
        plain = json.loads(definition) if isinstance(definition, str) else definition
        definition = Cohort(name="cohort", title="Cohort", expression=dict(plain))
    sql = cohort_sql(
        definition.expression,
        cohort_id=cohort_id,
        places={**PLACES, **(places or {})},
    )
    return list(statements(sql, dialect, scratch=scratch))
