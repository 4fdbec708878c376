"""How far estimates lie from the truth, and how far their intervals say they might.

An interval that is made for clinics like these allows for their effects' being other
ones. The truth beside it is that of these very patients, so where a card does more in
one clinic than in another, intervals are wider than the errors ask for, and hold the
truth more often than they say (Imbens and Rubin 2015, chapter 6: the sample's variance
of a difference is conservative where effects vary).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from rounds.school.loop_result import LoopResult
from rounds.school.rate import Rate

__all__ = ["SpreadRow", "spread_of"]

FEWEST = 3
"""Of fewer loops no spread is told."""


@dataclass(frozen=True, kw_only=True)
class SpreadRow:
    """Of one kind of world; differences of proportions, not points.

    Parameters
    ----------
    errors, truths : float
        Standard deviations over loops, of estimate minus truth and of the truth.
    half : float
        Half an interval, on average.
    above : Rate
        Intervals that lie above nought.
    n : int
        Loops with an estimate.
    """

    scenario: str
    errors: float
    truths: float
    half: float
    above: Rate
    n: int

    HEADING: ClassVar[str] = (
        f"{'world':<17}{'errors vary by':>16}{'truths vary by':>16}"
        f"{'half an interval':>18}  above nought"
    )

    def line(self) -> str:
        """Say it in points; the spread's Monte Carlo error is that of a normal one."""
        of_errors, of_truths = (
            f"{100 * sd:.2f} ± {100 * sd / sqrt(2 * (self.n - 1)):.2f}"
            for sd in (self.errors, self.truths)
        )
        return (
            f"{self.scenario:<17}{of_errors:>16}{of_truths:>16}"
            f"{100 * self.half:>18.2f}  {self.above}"
        )


def spread_of(results: Sequence[LoopResult]) -> tuple[SpreadRow, ...]:
    """Give a row for each kind of world with at least three estimates."""
    names = dict.fromkeys(result.scenario for result in results)
    rows = (_row(name, [r for r in results if r.scenario == name]) for name in names)
    return tuple(row for row in rows if row is not None)


def _row(name: str, results: Sequence[LoopResult]) -> SpreadRow | None:
    told = [
        (r.value, r.truth, r.lower, r.upper)
        for r in results
        if r.value is not None and r.lower is not None and r.upper is not None
    ]
    above = Rate.of([lower > 0 for _, _, lower, _ in told])
    if above is None or len(told) < FEWEST:
        return None
    return SpreadRow(
        scenario=name,
        errors=_deviation([value - truth for value, truth, _, _ in told]),
        truths=_deviation([truth for _, truth, _, _ in told]),
        half=sum((upper - lower) / 2 for _, _, lower, upper in told) / len(told),
        above=above,
        n=len(told),
    )


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
