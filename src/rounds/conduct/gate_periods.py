"""A measure over several periods, each of them through the gate."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rounds.conduct.gate import Gate
from rounds.datamart import members_over, run_measure_over
from rounds.ledger import safe
from rounds.nouns import (
    DefinitionError,
    DisclosureError,
    Measure,
    MeasureResult,
    NotEstimable,
    Period,
    Ref,
)

__all__ = ["MOST_LINES", "measure_over"]

MOST_LINES: Final = 1_000
"""So many lines are told in one answer: each is compared with all of the others."""


def measure_over(
    gate: Gate,
    datamart: Any,
    measure: Measure,
    periods: Sequence[Period],
    *,
    by: str | None = None,
    without: frozenset[str] = frozenset(),
    cohorts: Mapping[Ref, str] | None = None,
) -> tuple[MeasureResult | NotEstimable, ...]:
    """Count a measure over several periods, and give what may be shown to who asks.

    Everything is counted by one query. Each period then passes the gate as a question
    of its own, the earliest first, and is compared with the periods before it as with
    all that the same person was told: no difference of months and quarters, or of years
    that roll, gives back what is left out of one of them.

    Parameters
    ----------
    gate : Gate
        Open, for who asks.
    datamart, measure, periods, by, without, cohorts
        As `run_measure_over` takes them.

    Returns
    -------
    tuple of MeasureResult or NotEstimable
        One each, in their order, as `gate.measure` gives it of the period; where
        nothing of a period may be told after what was told before, NotEstimable says
        so, and the others are told.

    Raises
    ------
    DefinitionError
        As `run_measure_over` does, and if there are more than `MOST_LINES` lines: then
        nothing is told, and nothing is written down as told.
    DataError
        If the datamart cannot be read.
    """
    asked: dict[str, Any] = {"without": without, "cohorts": cohorts}
    exact = run_measure_over(datamart, measure, periods, by=by, **asked)
    answered = [one for one in exact if isinstance(one, MeasureResult)]
    _refuse_many(measure, answered, by)
    members = members_over(datamart, measure, answered, **asked)
    shown: list[MeasureResult | NotEstimable] = []
    for one in exact:
        if isinstance(one, NotEstimable):
            shown.append(safe(one))
            continue
        try:
            shown.append(gate.release(one, next(members)))
        except DisclosureError as error:
            shown.append(NotEstimable(reason=error.what))
    return tuple(shown)


def _refuse_many(
    measure: Measure, answered: Sequence[MeasureResult], by: str | None
) -> None:
    lines = sum(1 + len(one.by) for one in answered)
    if lines <= MOST_LINES:
        return
    split = f" by {by}" if by else ""
    raise DefinitionError(
        f"{measure.title} over {len(answered)} periods{split} has {lines:,} lines; "
        f"at most {MOST_LINES:,} are told at once.",
        code="too-many-cells",
        why="Each line is compared with all that is told to you, and what is told now "
        "takes from what can be told later.",
        remedies=(
            "Ask for fewer or longer periods: --every quarter, or --every year.",
            "Split it into fewer units, or leave --by away.",
        ),
    )
