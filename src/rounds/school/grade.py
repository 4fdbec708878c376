"""One turn beside the truth."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rounds.nouns import Estimate, NotEstimable
from rounds.school.truth import open_truth
from rounds.school.ways import BeforeAfter

if TYPE_CHECKING:
    from rounds.conduct.demo import DemoTurn

__all__ = ["Grade", "Mark", "grade"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """An estimate beside the truth, both differences of proportions in [-1, 1]."""

    name: str
    truth: float | None
    """From the potential outcomes; None where the world has none."""
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    without: str = ""
    """Why there is no estimate."""

    @property
    def covered(self) -> bool | None:
        """Say whether the interval holds the truth; None without both."""
        if self.truth is None or self.lower is None or self.upper is None:
            return None
        return self.lower <= self.truth <= self.upper

    def line(self) -> str:
        """Say it in one line."""
        if self.estimate is None:
            said = self.without
        else:
            assert self.lower is not None
            assert self.upper is not None
            said = (
                f"{100 * self.estimate:+.2f} points "
                f"({100 * self.lower:+.2f} to {100 * self.upper:+.2f})"
            )
        truth = "none" if self.truth is None else f"{100 * self.truth:+.2f} points"
        return f"  {self.name:<12}{said}   truth {truth}"


@dataclass(frozen=True, kw_only=True)
class Grade:
    """Effect, harm and equity gap beside the truth, and the weeks taken."""

    effect: Mark
    harm: Mark
    equity_gap: Mark
    weeks: int
    second: Mark | None = None
    """Of the second card, where two were tried at once; all else is of the first."""
    interaction: Mark | None = None
    before_after: BeforeAfter | None = None
    """What a comparison of before and after would have said; None of an older truth."""

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Give them, in order."""
        return tuple(self._named.values())

    @property
    def _named(self) -> dict[str, Mark]:
        names = ("effect", "harm", "equity_gap", "second", "interaction")
        marks = {name: getattr(self, name) for name in names}
        return {name: mark for name, mark in marks.items() if mark is not None}

    def lines(self) -> list[str]:
        """Give the lines that the demo prints."""
        return [*(mark.line() for mark in self.marks), f"  weeks       {self.weeks}"]

    def as_dict(self) -> dict[str, Any]:
        """Give what JSON can hold."""
        found: dict[str, Any] = {
            key: asdict(mark) | {"covered": mark.covered}
            for key, mark in self._named.items()
        }
        return found | {"weeks": self.weeks}


def grade(done: "DemoTurn") -> Grade:
    """Open the sealed truth and put each estimate beside it.

    Raises
    ------
    DataError
        If the truth cannot be read.
    """
    truth = open_truth(done.truth)
    naive = truth.get("before_and_after")
    gap: Estimate | NotEstimable = NotEstimable(reason="no SVI in the data")
    for difference in done.problem.differences:
        if difference.characteristic == "svi_quartile":
            gap = difference.gap
    return Grade(
        effect=_mark("effect", done.evaluation.estimate, truth["effect"]["overall"]),
        harm=_mark(
            "harm", done.evaluation.balancing[0].estimate, truth["harm"]["overall"]
        ),
        equity_gap=_mark("equity gap", gap, truth["equity_gap"]["value"]),
        weeks=done.weeks,
        before_after=BeforeAfter.of(done, naive) if naive else None,
        **_of_two(done, truth),
    )


def _of_two(done: "DemoTurn", truth: dict[str, Any]) -> dict[str, Mark]:
    """Mark the second factor and the interaction, where there are two factors."""
    found = done.evaluation.factorial
    if found is None:
        return {}
    told = truth["factorial"]
    return {
        "second": _mark(
            "second", found.second.estimate, told["second"]["effect"]["overall"]
        ),
        "interaction": _mark("interaction", found.interaction, told["interaction"]),
    }


def _mark(name: str, found: Estimate | NotEstimable, truth: float | None) -> Mark:
    if isinstance(found, NotEstimable):
        return Mark(name=name, truth=truth, without=found.reason)
    if found.sealed is not None:
        return Mark(name=name, truth=truth, without=f"sealed: {found.sealed}")
    return Mark(
        name=name,
        truth=truth,
        estimate=found.value,
        lower=found.lower,
        upper=found.upper,
    )
