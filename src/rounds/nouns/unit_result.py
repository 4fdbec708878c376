"""One unit's share of a measure, safe to show once disclosure control has acted."""

from pydantic import Field

from rounds.nouns.base import Noun

__all__ = ["UnitResult"]


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
    numerator_total: float | None = Field(
        default=None, exclude_if=lambda total: total is None
    )
    """Of a ratio: the sum over its numerator. `numerator` counts its subjects, and
    `denominator` those in either."""
    denominator_total: float | None = Field(
        default=None, exclude_if=lambda total: total is None
    )
    expected: float | None = Field(default=None, exclude_if=lambda sum_: sum_ is None)
    """The sum of what a risk model expects of those counted."""
    observed_to_expected: float | None = Field(
        default=None, exclude_if=lambda ratio: ratio is None
    )
    """What was observed over what was expected; its interval is of 95%."""
    observed_to_expected_lower: float | None = Field(
        default=None, exclude_if=lambda bound: bound is None
    )
    observed_to_expected_upper: float | None = Field(
        default=None, exclude_if=lambda bound: bound is None
    )
    suppressed: bool = False
