"""A proportion with its Monte Carlo error."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

__all__ = ["Rate"]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A proportion of loops, in [0, 1], and its Monte Carlo standard error."""

    value: float
    error: float
    n: int

    @classmethod
    def of(cls, hits: Sequence[bool]) -> "Rate | None":
        """Count; None where there was no loop."""
        if not hits:
            return None
        value = sum(hits) / len(hits)
        return cls(
            value=value, error=sqrt(value * (1 - value) / len(hits)), n=len(hits)
        )

    def __str__(self) -> str:
        """Say it in per cent."""
        return f"{100 * self.value:5.1f} ± {100 * self.error:.1f}%"
