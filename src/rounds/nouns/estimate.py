"""A number that knows itself, and keeps silent while it may not be trusted."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from rounds.nouns.base import Noun
from rounds.nouns.errors import DiagnosticError

__all__ = ["Estimate"]

_SEALED_FIELDS = frozenset({"value", "lower", "upper"})


class Estimate(Noun):
    """A point, its interval, its scale, unit and denominator.

    A sealed estimate holds the reason and no number, in memory and on disk; reading
    `value`, `lower` or `upper` of one raises `DiagnosticError`.
    """

    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    level: float = Field(default=0.95, gt=0, lt=1)
    """Of the interval, in (0, 1)."""
    scale: Literal[
        "proportion",
        "risk_difference",
        "mean_difference",
        "mean",
        "risk_ratio",
        "log_risk_ratio",
        "odds_ratio",
        "log_odds_ratio",
        "rate_ratio",
        "hazard_ratio",
        "rmst_difference",
        "count",
        "index",
        "net_health_benefit",
        "cost_per_outcome",
    ]
    unit: str = "1"
    """UCUM; "1" for a probability or a difference of probabilities."""
    n: int | None = None
    """Persons that it rests on; None where suppressed."""
    estimand: str = ""
    """Name of the Estimand, or what is described."""
    method: str = ""
    """Estimator and kind of interval, in words."""
    sealed: str | None = None
    """Why the number is withheld; None once it may be read."""

    @model_validator(mode="after")
    def _sealed_or_whole(self) -> Self:
        raw = [self.__dict__[name] for name in ("value", "lower", "upper")]
        if self.sealed is not None:
            if any(number is not None for number in raw):
                raise ValueError("a sealed estimate holds no number")
            return self
        if any(number is None for number in raw):
            raise ValueError("an estimate has a value, a lower and an upper limit")
        value, lower, upper = raw
        if not lower <= value <= upper:
            raise ValueError(f"{value} lies outside its interval {lower} to {upper}")
        return self

    @property
    def numbers(self) -> tuple[float, float, float]:
        """Value, lower limit and upper limit; refused while sealed."""
        value, lower, upper = self.value, self.lower, self.upper
        assert value is not None and lower is not None and upper is not None  # noqa: PT018
        return value, lower, upper

    def __getattribute__(self, name: str) -> Any:
        """Refuse the numbers of a sealed estimate."""
        if name in _SEALED_FIELDS:
            reason = object.__getattribute__(self, "__dict__").get("sealed")
            if reason is not None:
                raise DiagnosticError(
                    f"The estimate is sealed: {reason}",
                    code="sealed-estimate",
                    why="A number that may not be trusted must not be acted upon.",
                    remedies=("Mend what the failed diagnostic names, then evaluate.",),
                )
        return super().__getattribute__(name)
