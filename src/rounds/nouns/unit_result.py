"""One unit's share of a measure, safe to show once disclosure control has acted."""

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
    """Numerator over denominator in [0, 1], or the mean of a continuous variable."""
    lower: float | None = None
    upper: float | None = None
    suppressed: bool = False
