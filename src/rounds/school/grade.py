"""One turn beside the truth."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rounds.nouns import Endpoint, Estimate, NotEstimable
from rounds.school.truth import open_truth
from rounds.school.ways import BeforeAfter

if TYPE_CHECKING:
    from rounds.conduct.demo import DemoTurn

__all__ = ["Grade", "Mark", "grade"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """An estimate beside the truth: both differences of proportions, or ratios."""

    name: str
    scale: str = "risk_difference"
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

    @property
    def _unit(self) -> str:
        if self.scale == "risk_difference":
            return " points"
        return f", {self.scale.replace('_', ' ')}"

    def _number(self, value: float) -> str:
        if self.scale == "risk_difference":
            return f"{100 * value:+.2f}"
        return f"{value:.3f}"

    def line(self) -> str:
        """Say it in one line."""
        if self.estimate is None:
            said = self.without
        else:
            assert self.lower is not None
            assert self.upper is not None
            ends = f"{self._number(self.lower)} to {self._number(self.upper)}"
            said = f"{self._number(self.estimate)}{self._unit} ({ends})"
        truth = "none"
        if self.truth is not None:
            truth = f"{self._number(self.truth)}{self._unit}"
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
        effect=_mark(
            "effect",
            done.evaluation.estimate,
            _on_scale(
                done.protocol.primary, truth, "effect", ("everywhere", "nowhere")
            ),
        ),
        harm=_mark(
            "harm",
            done.evaluation.balancing[0].estimate,
            _on_scale(
                next(e for e in done.protocol.endpoints if e.role == "balancing"),
                truth,
                "harm",
                ("observed_everywhere", "observed_nowhere"),
            ),
        ),
        equity_gap=_mark("equity gap", gap, truth["equity_gap"]["value"]),
        weeks=done.weeks,
        before_after=BeforeAfter.of(done, naive) if naive else None,
        **_of_two(done, truth),
    )


def _on_scale(
    endpoint: Endpoint, truth: dict[str, Any], headline: str, risks: tuple[str, str]
) -> float | None:
    """Give the truth on the endpoint's scale, of the two risks that the world tells.

    None where it tells no such truth: of an average of clinics, or of times.
    """
    estimand = endpoint.estimand
    if estimand.weighting != "participants":
        return None
    told = truth[headline]
    if estimand.summary_measure == "risk_difference":
        found: float | None = told["overall"]
        return found
    of = next(
        one for one in truth["outcomes"].values() if one["measure"] == told["measure"]
    )
    on, off = (of["overall"].get(name) for name in risks)
    if on is None or off is None or not 0 < off < 1 or not 0 < on < 1:
        return None
    if estimand.summary_measure == "risk_ratio":
        return float(on / off)
    if estimand.summary_measure == "odds_ratio":
        return float(on / (1 - on) / (off / (1 - off)))
    return None


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
    scale = found.scale
    if found.sealed is not None:
        why = f"sealed: {found.sealed}"
        return Mark(name=name, truth=truth, scale=scale, without=why)
    return Mark(
        name=name,
        truth=truth,
        scale=scale,
        estimate=found.value,
        lower=found.lower,
        upper=found.upper,
    )
