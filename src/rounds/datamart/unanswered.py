"""Why a measure cannot be asked, or nobody answers it."""

from typing import Any

import duckdb

from rounds.datamart.compiling.concepts import absent_events, all_events
from rounds.datamart.compiling.measure import Concepts
from rounds.datamart.derived import derived_from
from rounds.definitions import check
from rounds.definitions.graph import nodes
from rounds.nouns import DataError, DefinitionError, Measure, NotEstimable

__all__ = ["insist_on_sound", "nobody", "unreadable"]


def insist_on_sound(measure: Measure) -> None:
    """Refuse a measure that `check` finds a problem in.

    Raises
    ------
    DefinitionError
        With every problem, each with its field.
    """
    problems = check(measure)
    if problems:
        listed = "\n".join(f" - {problem}" for problem in problems)
        raise DefinitionError(
            f"Measure.{measure.name} has {len(problems)} problem(s):\n{listed}",
            code="invalid-measure",
            remedies=("Correct each field that is named.",),
        )


def nobody(datamart: Any, measure: Measure, concepts: Concepts) -> NotEstimable:
    """Say why there is no denominator, as far as the datamart shows it."""
    derived = derived_from(datamart)
    required = [one for one in all_events(measure) if _of_population(measure, one)]
    missing = absent_events(derived, measure, concepts, required)
    because = f"; the datamart holds no {' and no '.join(missing)}" if missing else ""
    return NotEstimable(
        reason=f"{measure.title}: nobody is in the denominator in this period{because}."
    )


def _of_population(measure: Measure, events: Any) -> bool:
    return any(node == events for _, node in nodes(measure.initial_population))


def unreadable(error: duckdb.Error) -> DataError:
    """Say that the database failed, by the kind of its error alone.

    Its own words may hold a value from a row.
    """
    return DataError(
        f"The datamart could not be read for a measure ({type(error).__name__}).",
        code="datamart-unreadable",
        remedies=(
            "Run `rounds data status` to see whether it is whole.",
            "Load the data again with `rounds data load`.",
        ),
    )
