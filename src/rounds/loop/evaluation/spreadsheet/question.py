"""What is asked of a trial, and what a model answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rounds.loop.evaluation.spreadsheet.designs import Method, Scale

__all__ = ["Fit", "Missing", "Question", "Target"]

Missing = Literal["complete", "multiple-imputation"]
Target = Literal["persons", "clusters"]


@dataclass(frozen=True)
class Question:
    """One effect, and how it is to be found."""

    method: Method
    scale: Scale
    level: float = 0.95
    seed: int = 1
    horizon: float | None = None
    """Up to which a mean time goes; None where the data say it."""
    target: Target = "persons"
    """Whether each person counts alike, or each cluster."""
    missing: Missing = "complete"
    """Whether rows without an outcome are left out, or imputed."""


@dataclass(frozen=True)
class Fit:
    """An effect on its scale: a difference, or a ratio."""

    estimate: float
    lower: float
    upper: float
    p_value: float
    df: float | None = None
    icc: float | None = None
    """Correlation of two persons of a cluster (and period)."""
    n_allocations: int | None = None
    se: float | None = None
    """On the scale on which the effect is a sum: of a ratio, its logarithm's."""
    lead: str | None = None
    """How the two arms stand, for the first sentence; else their means say it."""
    details: Mapping[str, object] = field(default_factory=dict)
    """Further numbers, by the names that `--json` prints."""
    notes: tuple[str, ...] = ()
    """What a reader of the number must know."""
