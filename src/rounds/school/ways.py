"""The same change decided in other ways: before and after, at once, or never."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from rounds.loop.decision import recommend
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.nouns import Endpoint, Estimate, NotEstimable, Protocol
from rounds.school.loop_result import Better, LoopResult
from rounds.school.rate import Rate

if TYPE_CHECKING:
    from rounds.conduct.demo import DemoTurn

__all__ = ["HORIZON_WEEKS", "BeforeAfter", "Way", "WayRow", "ways_of"]

Way = Literal["randomised loop", "before and after", "at once", "never"]
HORIZON_WEEKS = 104
"""Two years from go-live, over which patients are counted."""


@dataclass(frozen=True, kw_only=True)
class BeforeAfter:
    """What the same rule says where the card was switched on everywhere."""

    value: float | None
    """The primary effect as it would be read; None where it is not estimable."""
    decided: str
    weeks: int

    @classmethod
    def of(cls, done: "DemoTurn", told: dict[str, Any]) -> "BeforeAfter":
        """Compare each clinic's patients with its patients of the year before.

        Parameters
        ----------
        done : DemoTurn
            Whose protocol and decision rule are applied.
        told : dict
            The truth's `before_and_after`.
        """
        protocol, clinics = done.protocol, told["clinics"]
        balancing = [e for e in protocol.endpoints if e.role == "balancing"]
        pairs = [(protocol.primary, ("n", "intensified"))]
        pairs += [(one, ("n_observed", "low_pressure")) for one in balancing]
        found = [_compared(protocol, e, clinics, keys) for e, keys in pairs]
        results = tuple(
            result.model_copy(update={"estimate": estimate})
            for result, estimate in zip(
                done.evaluation.balancing, found[1:], strict=True
            )
        )
        read = done.evaluation.model_copy(
            update={"estimate": found[0], "balancing": results}
        )
        value = found[0].value if isinstance(found[0], Estimate) else None
        decided = recommend(read, protocol).choice
        return cls(value=value, decided=decided, weeks=told["weeks"])


def _compared(
    protocol: Protocol,
    endpoint: Endpoint,
    clinics: Sequence[dict[str, Any]],
    keys: tuple[str, str],
) -> Estimate | NotEstimable:
    """Give the difference after minus before, clinics as clusters (CR2)."""
    outcome, after, cluster = [], [], []
    for number, clinic in enumerate(clinics):
        for is_after, time in enumerate(("before", "after")):
            n, events = (clinic[time][key] for key in keys)
            outcome += [1.0] * events + [0.0] * (n - events)
            after += [float(is_after)] * n
            cluster += [number] * n
    columns = np.column_stack([after, np.ones(len(after))])
    try:
        fitted = cluster_ols(
            np.array(outcome),
            columns,
            np.array(cluster),
            column=0,
            level=protocol.level,
        )
    except ValueError as error:
        return NotEstimable(reason=str(error))
    return Estimate(
        value=fitted.estimate,
        lower=fitted.lower,
        upper=fitted.upper,
        level=protocol.level,
        scale="risk_difference",
        n=fitted.n,
        estimand=endpoint.estimand.name,
        method="before and after, CR2",
    )


@dataclass(frozen=True, kw_only=True)
class WayRow:
    """One way to decide, in one kind of world."""

    scenario: str
    way: Way
    better: Better
    loops: int
    adopt: Rate
    weeks: float
    """From go-live to the decision, on average."""
    worse: float | None
    """Share of those eligible in the two years from go-live, if as many are so each
    week, who were treated in the worse way; None where neither is worse."""
    worse_error: float | None
    """Its Monte Carlo standard error."""

    @property
    def wrong(self) -> str:
        """Say which error the adopting is, or its lack."""
        if self.better == "card":
            return f"missed benefit {100 * (1 - self.adopt.value):5.1f}%"
        return f"false adopt    {100 * self.adopt.value:5.1f}%"

    def line(self) -> str:
        """Say it in one line."""
        if self.worse is None or self.worse_error is None:
            worse = "neither is worse"
        else:
            worse = f"{100 * self.worse:5.1f} ± {100 * self.worse_error:.1f}%"
        error = f"± {100 * self.adopt.error:.1f}%"
        return (
            f"{self.scenario:<17}{self.way:<18}{self.wrong} {error:<8}"
            f"{self.weeks:6.1f}  {worse}"
        )


def ways_of(results: Sequence[LoopResult]) -> tuple[WayRow, ...]:
    """Lay the ways to decide beside each other, kind of world by kind of world.

    A loop that recommends to extend goes on as it ran; a change that was switched on
    everywhere stays on while its question is open. Loops whose result tells nothing
    of other ways (an older file's) are left out.
    """
    told = [one for one in results if one.before_after is not None]
    names = dict.fromkeys((one.scenario, one.better) for one in told)
    return tuple(
        _row([one for one in told if (one.scenario, one.better) == name], way)
        for name in names
        for way in get_args(Way)
    )


def _row(results: Sequence[LoopResult], way: Way) -> WayRow:
    lived = [_lived(one, way) for one in results]
    adopt = Rate.of([adopts for adopts, _, _ in lived])
    better = results[0].better
    assert adopt is not None
    assert better is not None
    worse = error = None
    if better != "neither":
        shares = np.array([s if better == "usual care" else 1 - s for *_, s in lived])
        worse = float(shares.mean())
        spread = float(shares.std(ddof=1)) if len(shares) > 1 else 0.0
        error = spread / sqrt(len(shares))
    return WayRow(
        scenario=results[0].scenario,
        way=way,
        better=better,
        loops=len(results),
        adopt=adopt,
        weeks=sum(weeks for _, weeks, _ in lived) / len(lived),
        worse=worse,
        worse_error=error,
    )


def _lived(result: LoopResult, way: Way) -> tuple[bool, float, float]:
    """Give whether it adopts, after how many weeks, and the share with the card."""
    if way == "at once":
        return True, 0.0, 1.0
    if way == "never":
        return False, 0.0, 0.0
    if way == "randomised loop":
        decided = result.decision
        weeks, meanwhile = result.weeks, result.share_active
    else:
        decided = result.before_after or ""
        weeks, meanwhile = result.before_after_weeks, 1.0
    assert weeks is not None
    assert meanwhile is not None
    later = {"adopt": 1.0, "extend": meanwhile}.get(decided, 0.0)
    until = min(weeks, HORIZON_WEEKS) / HORIZON_WEEKS
    return decided == "adopt", weeks, until * meanwhile + (1 - until) * later
