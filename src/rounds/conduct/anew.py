"""Where few are hidden: what was made of their counts, made again without."""

from collections.abc import Callable
from functools import partial

import numpy as np

from rounds.loop.problem.seeding import seeded
from rounds.loop.problem.trend import chart_of
from rounds.loop.problem.variation import gain, spread
from rounds.methods.opportunity import Others
from rounds.nouns import (
    ChartPoint,
    ControlChart,
    Estimate,
    Measure,
    NotEstimable,
    Problem,
    UnitResult,
    Variation,
)

__all__ = ["made_anew", "redrawn"]

_SITES = (
    "Sites without numbers are left out of how far sites differ; in the gap to the "
    "best they are taken to differ as the others do."
)
_MONTHS = "Months without numbers are left out of the chart's lines and signals."


def made_anew(
    shown: Problem, measure: Measure, *, rng: np.random.Generator | None = None
) -> Problem:
    """Make what was made of hidden counts again, from what is shown alone.

    Who knows the code could else try each count that a hidden site or month may have
    until the variation, the gap and the lines of the chart come out.

    Parameters
    ----------
    shown : Problem
        After disclosure control: some sites or months are suppressed, or none.
    measure : Measure
        The problem's.
    rng : numpy.random.Generator, optional
        As `rounds.loop.problem.run` takes it.

    Returns
    -------
    Problem
        The same where nothing is hidden.
    """
    changed: dict[str, object] = {}
    said = list(shown.limitations)
    told = (Variation, Estimate)
    is_told = isinstance(shown.variation, told) or isinstance(shown.gap_to_best, told)
    if is_told and any(unit.suppressed for unit in shown.units):
        changed |= _of_sites(shown, measure, rng)
        said.append(_SITES)
    chart = shown.chart
    if isinstance(chart, ControlChart) and any(p.suppressed for p in chart.points):
        draw = partial(chart_of, title=chart.title, improvement=chart.improvement)
        changed["chart"] = redrawn(chart, draw)
        said.append(_MONTHS)
    if not changed:
        return shown
    changed["limitations"] = tuple(dict.fromkeys(said))
    return shown.model_copy(update=changed)


def redrawn(
    chart: ControlChart,
    draw: Callable[[tuple[UnitResult, ...]], ControlChart | NotEstimable],
) -> ControlChart:
    """Draw a chart's lines and signals anew, from the months that are shown.

    Parameters
    ----------
    chart : ControlChart
        Of proportions, after disclosure control.
    draw : callable
        Draws a chart of counts by month, as it was drawn.

    Returns
    -------
    ControlChart
        The same where no month is hidden; without lines where those that are shown
        give none.
    """
    shown = tuple(
        UnitResult(
            unit=point.label,
            denominator=point.denominator,
            numerator=round((point.value or 0) * (point.denominator or 0)),
        )
        for point in chart.points
        if not point.suppressed
    )
    if len(shown) == len(chart.points):
        return chart
    again = draw(shown)
    if isinstance(again, NotEstimable):
        return chart
    drawn = {point.label: point for point in again.points}
    points = tuple(
        drawn.get(point.label, ChartPoint(label=point.label, suppressed=True))
        for point in chart.points
    )
    changed: dict[str, object] = {"points": points}
    if points[-1].suppressed:
        # Both icons tell of the latest month.
        changed |= {"variation": None, "assurance": None}
    return again.model_copy(update=changed)


def _of_sites(
    shown: Problem, measure: Measure, rng: np.random.Generator | None
) -> dict[str, object]:
    told = [unit for unit in shown.units if not unit.suppressed]
    variation = shown.variation
    if isinstance(variation, Variation):
        variation = spread(told)
    gap = shown.gap_to_best
    if isinstance(gap, Estimate):
        rng = rng or seeded(measure, shown.provenance.snapshot, shown.period)
        well = measure.improvement_notation == "increase"
        others = _others(shown, told, more_is_better=well)
        gap = gain(told, variation, more_is_better=well, rng=rng, others=others)
    return {"variation": variation, "gap_to_best": gap}


def _others(
    shown: Problem, told: list[UnitResult], *, more_is_better: bool
) -> Others | None:
    """Give the sums of those who are in no told site: the total is told."""
    total = shown.baseline
    if isinstance(total, NotEstimable) or total.n is None or total.value is None:
        return None
    n = total.n - sum(unit.denominator or 0 for unit in told)
    x = round(total.value * total.n) - sum(unit.numerator or 0 for unit in told)
    if n <= 0:
        return None
    units = sum(unit.suppressed for unit in shown.units)
    return Others(successes=x if more_is_better else n - x, total=n, units=units)
