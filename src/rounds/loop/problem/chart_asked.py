"""What may be asked of a control chart."""

from dataclasses import dataclass
from typing import Literal

from rounds.loop.problem.series import Rebase
from rounds.methods import spc

__all__ = ["ChartAsked"]


@dataclass(frozen=True, kw_only=True)
class ChartAsked:
    """How a series is to be charted."""

    title: str
    chart: spc.Kind | Literal["auto"] = "auto"
    rules: spc.Rules = "anhoj"
    improvement: spc.Improvement | None = None
    target: float | None = None
    """In the unit of what is plotted; a share between 0 and 1."""
    phases: tuple[Rebase, ...] = ()
    baseline: int | None = None
    """How many subgroups of each phase its lines rest on; all where not given."""
    season: Literal["month", "weekday"] | None = None
    per: float = 1.0
    """Units of exposure that a rate is told for, as falls in 1,000 bed-days."""
    screen: bool = True
    """Whether outlying moving ranges are left out of the limits."""
    limits: spc.GapLimits = "sigma"
    """Of a g chart: three sigma, or points of the geometric distribution."""
    smoothing: float | None = None
    """Of an EWMA chart: weight of the newest point, in (0, 1]; 0.2 where not given."""
