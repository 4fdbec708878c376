"""May the answer be trusted?"""

from typing import Literal

from rounds.nouns.base import Noun

__all__ = ["Diagnostic"]


class Diagnostic(Noun):
    """One check of a design's assumption, with its value and its threshold."""

    name: str
    """`sample_ratio`, `deliveries`, `contamination`, `missing_outcomes`, …"""
    question: str = ""
    """What it asks, in words."""
    value: float | None = None
    """The statistic or p-value compared; None if not evaluated."""
    threshold: float | None = None
    verdict: Literal["pass", "fail", "not_evaluated"]
    required: bool = True
    """Whether a failure seals the estimate."""
    detail: str = ""
    """What was seen, in words, with denominators."""
