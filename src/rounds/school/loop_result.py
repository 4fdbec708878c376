"""One loop beside the truth, in one line."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Better", "LoopResult"]

Better = Literal["card", "usual care", "neither"]


@dataclass(frozen=True, kw_only=True)
class LoopResult:
    """One loop's line."""

    scenario: str
    seed: int
    decision: str
    sealed: str | None
    """The reason, where the estimate was sealed."""
    truth: float
    value: float | None
    lower: float | None
    upper: float | None
    """Of the estimate; under a seal, of the same loop run without required checks.
    None where it is not estimable."""
    harm_truth: float | None
    harm_value: float | None
    harm_lower: float | None
    harm_upper: float | None
    design: str = "parallel"
    second_truth: float | None = None
    second_value: float | None = None
    second_lower: float | None = None
    second_upper: float | None = None
    """Of the second card, where two were tried at once."""
    campaign: float = 0.0
    """What else rose at go-live, everywhere."""
    weeks: int | None = None
    """From go-live to the decision."""
    share_active: float | None = None
    """Of the enrolled, in the active arm."""
    better: Better | None = None
    """Which way is worth more by what is planted, harm against its margin."""
    before_after: str | None = None
    """What the same rule says of a comparison of before and after."""
    before_after_value: float | None = None
    before_after_weeks: int | None = None
    """From go-live to that."""
