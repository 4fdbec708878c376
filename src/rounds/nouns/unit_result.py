"""One unit's share of a measure, safe to show once disclosure control has acted."""

from rounds.nouns.base import UNTOLD, Noun

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
    numerator_total: float | None = UNTOLD
    """Of a ratio: the sum over its numerator. `numerator` counts its subjects, and
    `denominator` those in either."""
    denominator_total: float | None = UNTOLD
    expected: float | None = UNTOLD
    """The sum of what a risk model expects of those counted."""
    observed_to_expected: float | None = UNTOLD
    """What was observed over what was expected; its interval is of 95%."""
    observed_to_expected_lower: float | None = UNTOLD
    observed_to_expected_upper: float | None = UNTOLD
    suppressed: bool = False
