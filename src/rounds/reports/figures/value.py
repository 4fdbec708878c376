"""The figure of what a change is worth."""

from rounds.nouns import Evaluation, Value
from rounds.reports.charts import (
    Acceptability,
    AcceptabilityMark,
    acceptability,
    at_two_widths,
)

__all__ = ["acceptability_curve"]


def acceptability_curve(evaluation: Evaluation | None) -> str | None:
    """Draw the chance that it is worth its price, where costs were counted."""
    value = None if evaluation is None else evaluation.value
    if not isinstance(value, Value) or not value.curve:
        return None
    plot = Acceptability(
        title="Is it worth its price?",
        points=tuple(
            AcceptabilityMark(one.worth, one.probability) for one in value.curve
        ),
        stated=value.worth,
        currency=value.currency,
    )
    return at_two_widths(acceptability, plot)
