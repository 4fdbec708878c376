"""Something has changed, and somebody should look."""

from typing import ClassVar, Literal

from pydantic import Field

from rounds.nouns.base import UNTOLD, Noun, Published
from rounds.nouns.ref import Ref
from rounds.nouns.unit_result import UnitResult

__all__ = ["Alert", "PathPoint"]


class PathPoint(Noun):
    """Where the statistic stood after the months `since` to `month`, both `YYYY-MM`."""

    since: str
    month: str
    share: float = Field(ge=0)
    """Of its limit: at 1 it signals. Published, it is rounded down to quarters."""
    denominator: int | None = UNTOLD
    numerator: int | None = UNTOLD


class Alert(Published):
    """A signal with an owner: what, where, since when, and by which rule."""

    kind: ClassVar[str] = "alert"
    title: str
    measure: Ref
    change: Ref | None = None
    """What was watched: the Decision whose gain is fading, the Rollout that paused."""
    unit: str
    """A site, or `(all)`."""
    rule: Literal["cusum", "decay", "guardrail"]
    how: str
    """The rule in words: what is watched for, against what, and how often falsely."""
    false_alarm: float = Field(gt=0, lt=1)
    """Chance of any false signal among all that is watched, within the horizon."""
    since: str
    """The likeliest month of its beginning."""
    signalled: str
    """The month whose count made the signal."""
    level: float | None
    """What the unit is held against, in [0, 1]; None where suppressed."""
    seen: UnitResult
    """The months from `since` to `signalled`, together."""
    path: tuple[PathPoint, ...] = Field(default=(), exclude_if=lambda path: not path)
    """To its limit, from the first month watched on; empty where it is not told."""
    owner: str
    status: Literal["open", "acknowledged", "closed"] = "open"
    answer: str = ""
    """What was found, by whoever acknowledged or closed it."""
    limitations: tuple[str, ...] = ()

    @property
    def is_of_one_site(self) -> bool:
        """Whether it names a site; its name and title do so too."""
        return self.unit != "(all)"
