"""One unit's share of a measure, safe to show once disclosure control has acted."""

from typing import Annotated

from pydantic import Field

from rounds.nouns.base import Noun

__all__ = ["UnitResult"]

_Absent = Annotated[float | None, Field(exclude_if=lambda value: value is None)]
"""Left out of JSON where there is none."""


class UnitResult(Noun):
    """A measure in one unit: a site, a month, a stratum.

    Where `suppressed` is true, the counts and what could give them back are None.
    """

    unit: str
    """The unit's label: a care site, `2025-03`, `SVI quartile 4`."""
    denominator: int | None = None
    numerator: int | None = None
    value: float | None = None
    """Numerator over denominator in [0, 1]; the mean or median of a continuous
    variable; of a ratio, its numerator's total over its denominator's."""
    lower: float | None = None
    upper: float | None = None
    numerator_total: _Absent = None
    """Of a ratio: the sum over its numerator. `numerator` counts its subjects, and
    `denominator` those in either."""
    denominator_total: _Absent = None
    expected: _Absent = None
    """The sum of what a risk model expects of those counted."""
    observed_to_expected: _Absent = None
    """What was observed over what was expected; its interval is of 95%."""
    observed_to_expected_lower: _Absent = None
    observed_to_expected_upper: _Absent = None
    suppressed: bool = False
