"""The figures of the problem, of the watch, and of the ring."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rounds.methods.funnels.funnel import funnel_limits
from rounds.nouns import (
    CaseMix,
    NotEstimable,
    Problem,
    UnitResult,
    Variation,
)
from rounds.reports.charts import (
    Caterpillar,
    CaterpillarUnit,
    Funnel,
    FunnelLimits,
    FunnelPoint,
    Ring,
    RingStep,
    at_two_widths,
    caterpillar,
    funnel,
    ring,
)
from rounds.reports.story import Story

__all__ = [
    "FEWEST_SITES",
    "is_higher_better",
    "limits_at",
    "shown_units",
    "sites_caterpillar",
    "sites_expected",
    "sites_funnel",
    "turn_ring",
]

FEWEST_SITES = 3
"""With fewer sites to show, a picture of sites says nothing."""

Flag = Literal["none", "better", "worse"]


def is_higher_better(story: Story) -> bool:
    """Say whether more is better: by the measure, else by where the aim lies."""
    if story.measure is not None:
        return story.measure.improvement_notation == "increase"
    baseline = story.problem.baseline
    if isinstance(baseline, NotEstimable) or baseline.sealed is not None:
        return True
    assert baseline.value is not None
    return story.problem.aim.target >= baseline.value


def shown_units(problem: Problem) -> list[UnitResult]:
    """Give the units that are not suppressed and have a value."""
    return [
        unit
        for unit in problem.units
        if not unit.suppressed and unit.denominator and unit.value is not None
    ]


def sites_funnel(story: Story, *, masked: bool = False) -> str | None:
    """Draw the sites in their funnel; None where it could not say anything."""
    problem = story.problem
    variation = problem.variation
    units = shown_units(problem)
    if isinstance(variation, NotEstimable) or len(units) < FEWEST_SITES:
        return None
    sizes = [unit.denominator or 0 for unit in units]
    points = tuple(
        FunnelPoint(
            label="" if masked else unit.unit,
            denominator=unit.denominator or 0,
            value=unit.value or 0.0,
            flag=_outlier(unit, variation, higher=is_higher_better(story)),
        )
        for unit in units
    )
    plot = Funnel(
        title=f"{problem.title}: sites against funnel limits",
        points=points,
        limits=_limits(variation, max(sizes) * 1.06),
        centre=variation.target,
        n_suppressed=sum(unit.suppressed for unit in problem.units),
    )
    return at_two_widths(funnel, plot)


def limits_at(
    variation: Variation, sizes: ArrayLike, level: float = 0.998
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the limits that sites of these sizes are named by.

    Parameters
    ----------
    variation : Variation
        As it was found; rounded where sites are hidden, and its limits then with it.
    sizes : array_like of float, shape (n,)
        Patients, above 0.
    level : float
        Coverage; sites are named by 0.998.

    Returns
    -------
    lower, upper : ndarray of float, shape (n,)
        Proportions.
    """
    named = len(variation.outliers_low) + len(variation.outliers_high)
    df = max(1, variation.n_units - named - 1)
    return funnel_limits(sizes, variation.target, variation.tau2, df, level)


def _limits(variation: Variation, most: float) -> tuple[FunnelLimits, ...]:
    sizes = np.geomspace(1.0, most, 30)
    ends = [limits_at(variation, sizes, level) for level in (0.95, 0.998)]
    return tuple(
        FunnelLimits(
            denominator=float(size),
            lower=tuple(float(lower[i]) for lower, _ in ends),
            upper=tuple(float(upper[i]) for _, upper in ends),
        )
        for i, size in enumerate(sizes)
    )


def _outlier(unit: UnitResult, found: Variation | CaseMix, *, higher: bool) -> Flag:
    if unit.unit in found.outliers_high:
        return "better" if higher else "worse"
    if unit.unit in found.outliers_low:
        return "worse" if higher else "better"
    return "none"


def sites_caterpillar(story: Story, *, masked: bool = False) -> str | None:
    """Draw the sites with their intervals; None where there are too few to show."""
    problem = story.problem
    units = [u for u in shown_units(problem) if u.lower is not None]
    if len(units) < FEWEST_SITES:
        return None
    variation = problem.variation
    known = None if isinstance(variation, NotEstimable) else variation
    plot = Caterpillar(
        title=f"{problem.title}: sites in order, with 95% intervals",
        units=tuple(
            CaterpillarUnit(
                label="" if masked else unit.unit,
                value=unit.value or 0.0,
                lower=unit.lower if unit.lower is not None else 0.0,
                upper=unit.upper if unit.upper is not None else 1.0,
                flag="none"
                if known is None
                else _outlier(unit, known, higher=is_higher_better(story)),
            )
            for unit in units
        ),
        centre=None if known is None else known.target,
        aim=problem.aim.target,
        unit="number" if units[0].numerator is None else "percent",
        n_suppressed=sum(unit.suppressed for unit in problem.units),
    )
    return at_two_widths(caterpillar, plot)


def sites_expected(story: Story, *, masked: bool = False) -> str | None:
    """Draw observed over expected by site; None where nothing was adjusted for."""
    problem = story.problem
    found = problem.case_mix
    units = [u for u in shown_units(problem) if u.observed_to_expected is not None]
    if not isinstance(found, CaseMix) or len(units) < FEWEST_SITES:
        return None
    plot = Caterpillar(
        name="expected",
        title=f"{problem.title}: observed over expected, with 95% intervals",
        units=tuple(
            CaterpillarUnit(
                label="" if masked else unit.unit,
                value=unit.observed_to_expected or 0.0,
                lower=unit.observed_to_expected_lower or 0.0,
                upper=unit.observed_to_expected_upper or 0.0,
                flag=_outlier(unit, found, higher=is_higher_better(story)),
            )
            for unit in units
        ),
        centre=1.0,
        centre_name="Expected",
        unit="number",
        n_suppressed=sum(unit.suppressed for unit in problem.units),
    )
    return at_two_widths(caterpillar, plot)


_DECIDED = {
    "adopt": "decided: adopt",
    "adapt": "decided: adapt",
    "abandon": "decided: abandon",
    "extend": "decided: extend",
}


def turn_ring(story: Story) -> str:
    """Draw where the turn stands."""
    reached = {
        "Problem": True,
        "Evidence": story.evidence is not None,
        "Change": story.rollout is not None,
        "Evaluation": story.evaluation is not None,
        "Decision": story.decision is not None,
    }
    steps, current = [], False
    for label, done in reached.items():
        if done:
            steps.append(RingStep(label=label, state="done"))
        else:
            steps.append(RingStep(label=label, state="ahead" if current else "current"))
            current = True
    number = story.turn.number if story.turn is not None else 1
    below = "under way"
    if story.decision is not None:
        below = _DECIDED[story.decision.decided]
    plot = Ring(
        title=f"Where turn {number} stands",
        steps=tuple(steps),
        centre=f"Turn {number}",
        below=below,
    )
    return ring(plot)
