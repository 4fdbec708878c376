"""What was seen at a look: for the monitoring board, and for the looks after it."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

__all__ = ["ArmSeen", "LookRecord", "Reading", "Verdict"]

Verdict = Literal[
    "continue", "stop_benefit", "stop_futility", "pause_harm", "not_judged"
]


@dataclass(frozen=True, repr=False)
class ArmSeen:
    """One arm of an endpoint; its letter does not say which it is."""

    letter: Literal["A", "B"]
    units: int
    n: int
    value: float | None


@dataclass(frozen=True, repr=False)
class Reading:
    """One endpoint at one look. Numbers are of the better or the worse direction.

    Parameters
    ----------
    role : str
        `primary` (above 0 is benefit) or `guardrail` (above 0 is harm).
    statistic : float or None
        Against no benefit, or against harm at the margin, on the normal scale.
    fraction : float or None
        Information, as a share of what is planned.
    time : float or None
        By the clock that the error is spent by, where it is spent; None as well in
        records from before there was one, which spent by information.
    upper, lower : float or None
        Bounds of the statistic; None where there is none.
    limit : float or None
        Of an always-valid look: the effect's lower limit.
    """

    endpoint: str
    role: Literal["primary", "guardrail"]
    estimate: float | None = None
    se: float | None = None
    df: float | None = None
    statistic: float | None = None
    fraction: float | None = None
    time: float | None = None
    upper: float | None = None
    lower: float | None = None
    limit: float | None = None
    posterior: float | None = None
    """Of benefit, at a Bayesian look."""
    worthwhile: float | None = None
    """The same, of a benefit worth having by the decision rule."""
    margin: float | None = None
    crossed: bool = False
    futile: bool = False
    walk: float | None = None
    """Where chances follow looks: what grows by independent steps, while information
    need not grow."""
    reason: str = ""
    """Why it cannot be judged."""
    arms: tuple[ArmSeen, ...] = ()
    card: Literal["", "first", "second"] = ""
    """Whose harm, where two cards are tried at once."""

    def __repr__(self) -> str:
        """Show nothing that was seen."""
        return f"<reading of {self.endpoint}>"

    @property
    def name(self) -> str:
        """The endpoint, and whose harm it is where there are two cards."""
        return f"{self.endpoint}, {self.card} card" if self.card else self.endpoint

    @property
    def is_judged(self) -> bool:
        """Whether there was a number, which spent."""
        return not self.reason


@dataclass(frozen=True, repr=False)
class LookRecord:
    """One look, whole; it never leaves `private/` but in a board's packet."""

    number: int
    data_until: str
    enrolled_until: str
    """The last day of enrolment whose follow-up was complete."""
    snapshot: str
    made: str
    verdict: Verdict
    reason: str
    """Why the primary endpoint cannot be judged."""
    primary: Reading
    guardrails: tuple[Reading, ...] = ()
    diagnostics: tuple[dict[str, Any], ...] = ()
    limitations: tuple[str, ...] = ()
    accrual: tuple[tuple[str, int], ...] = field(default=())
    """Month, and how many were enrolled in it, both arms together."""
    letter_of_active: Literal["A", "B"] = "A"
    chance: float | None = None
    """Of the card from this look on, where chances follow looks; None if unchanged."""

    def __repr__(self) -> str:
        """Show nothing that was seen."""
        return f"<look {self.number}>"

    @property
    def crossed(self) -> tuple[str, ...]:
        """The guardrails that were crossed."""
        return tuple(one.name for one in self.guardrails if one.crossed)

    def to_json(self) -> str:
        """Give JSON that `from_json` reads, the same for the same record."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        plain = json.loads(text)
        plain["primary"] = _reading(plain["primary"])
        plain["guardrails"] = tuple(_reading(one) for one in plain["guardrails"])
        plain["diagnostics"] = tuple(plain["diagnostics"])
        plain["limitations"] = tuple(plain["limitations"])
        plain["accrual"] = tuple((month, n) for month, n in plain["accrual"])
        return cls(**plain)


def _reading(plain: dict[str, Any]) -> Reading:
    arms = tuple(ArmSeen(**arm) for arm in plain.pop("arms"))
    return Reading(**plain, arms=arms)
