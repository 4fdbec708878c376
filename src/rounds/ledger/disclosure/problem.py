"""Small counts in a Problem: units, groups and months that share one total."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rounds.ledger.disclosure.cells import (
    HIDDEN,
    coarse,
    coarse_limits,
    hide_estimate,
    missing_counts,
    rounded,
    suppress_counted,
)
from rounds.ledger.disclosure.results import hide_unit
from rounds.ledger.disclosure.wording import safe_text, safe_texts
from rounds.methods.disclosure.suppression import Suppression
from rounds.nouns import (
    CaseMix,
    ChartPhase,
    ChartPoint,
    ControlChart,
    Diagnoses,
    Difference,
    Estimate,
    ModelFit,
    NotEstimable,
    Problem,
    UnitResult,
    Variation,
)

__all__ = ["problem_without", "safe_chart", "safe_problem"]

_RATIOS = (
    "observed_to_expected",
    "observed_to_expected_lower",
    "observed_to_expected_upper",
)
_WITHOUT_PRIME: dict[str, Literal["p", "u"]] = {"p_prime": "p", "u_prime": "u"}
_BARE = (
    "Some subgroups are hidden. Lines that were made of them could give them back, so "
    "only what was counted in the others is shown."
)


def safe_problem(problem: Problem) -> Problem:
    """Hide small counts among units, groups and months.

    The tables are partitions of the same people: where the total must be hidden and
    another table would give it back, that table is hidden too.
    """
    total = _total(problem.baseline)
    tables = [problem.units, *(each.groups for each in problem.differences)]
    found = [_suppress(table, total) for table in tables]
    if any(each.total for each in found):
        found = [_hide_enough(each) for each in found]
    baseline = hide_estimate(problem.baseline)
    if any(each.total for each in found):
        baseline = HIDDEN
    units = _show(problem.units, found[0])
    hidden_units = any(unit.suppressed for unit in units)
    variation = problem.variation
    if baseline == HIDDEN:
        variation = HIDDEN
    elif hidden_units:
        variation = _coarse_variation(variation)
    gap, case_mix = problem.gap_to_best, problem.case_mix
    if baseline == HIDDEN and isinstance(gap, Estimate):
        gap = HIDDEN  # its n is the total
    if baseline == HIDDEN and isinstance(case_mix, CaseMix):
        case_mix = HIDDEN  # likewise
    elif hidden_units:
        case_mix = _coarse_case_mix(case_mix)
    return problem.model_copy(
        update={
            "units": units,
            "differences": tuple(
                _difference(each, mask, coarsely=hidden_units)
                for each, mask in zip(problem.differences, found[1:], strict=True)
            ),
            "baseline": coarse_limits(baseline) if hidden_units else baseline,
            "variation": variation,
            "case_mix": case_mix,
            "chart": _chart(problem.chart),
            "gap_to_best": coarse(gap) if hidden_units else gap,
            "limitations": safe_texts(problem.limitations),
            "statement": safe_text(problem.statement),
        }
    )


def problem_without(problem: Problem, lines: Container[str], said: str) -> Problem:
    """Leave some lines out of a safe problem, and what would give them back.

    Parameters
    ----------
    problem : Problem
        Safe already.
    lines : container of str
        `care_site LABEL`, `sex LABEL` and so on for groups, `month LABEL` for months.
    said : str
        Why, for its limitations.
    """

    def left(by: str, table: tuple[UnitResult, ...]) -> tuple[UnitResult, ...]:
        return tuple(
            hide_unit(unit) if f"{by} {unit.unit}" in lines else unit for unit in table
        )

    units = left("care_site", problem.units)
    hides = units != problem.units
    changed: dict[str, object] = {
        "units": units,
        "differences": tuple(
            _with_groups(each, left(each.characteristic, each.groups), coarsely=hides)
            for each in problem.differences
        ),
    }
    if hides:
        changed["baseline"] = coarse_limits(problem.baseline)
        changed["variation"] = _coarse_variation(problem.variation)
        changed["gap_to_best"] = coarse(problem.gap_to_best)
        changed["case_mix"] = _coarse_case_mix(problem.case_mix)
    if isinstance(problem.chart, ControlChart):
        hide = [f"month {point.label}" in lines for point in problem.chart.points]
        if any(hide):
            changed["chart"] = _chart_without(problem.chart, hide)
    less = problem.model_copy(update=changed)
    if less == problem:
        return problem
    limitations = tuple(dict.fromkeys((*problem.limitations, said)))
    return less.model_copy(update={"limitations": limitations})


def safe_chart(chart: ControlChart) -> ControlChart:
    """Hide small subgroups of a control chart, and every line that they went into."""
    cells = [_PointCell.of(point) for point in chart.points]
    if any(point.suppressed for point in chart.points):
        return chart
    found = suppress_counted(cells)
    if not found.cells.any():
        return chart
    return _chart_without(chart, found.cells.tolist())


def _chart_without(chart: ControlChart, hidden: Sequence[bool]) -> ControlChart:
    """Hide points, and what was made of them too: lines, signals, runs and icons.

    The counts that are left give a chart of their own, which may be told.
    """
    points = tuple(
        ChartPoint(label=point.label, suppressed=True)
        if hide or point.suppressed
        else ChartPoint(
            label=point.label,
            denominator=point.denominator,
            exposure=point.exposure,
            value=point.value,
        )
        for point, hide in zip(chart.points, hidden, strict=True)
    )
    phases = tuple(
        ChartPhase(start=phase.start, reason=phase.reason, centre_line=None)
        for phase in chart.phases
    )
    kept = ("title", "rules", "season", "improvement", "target")
    return ControlChart(
        **{name: getattr(chart, name) for name in kept},
        # Whether months vary by more than chance was told by all of them.
        chart=_WITHOUT_PRIME.get(chart.chart, chart.chart),
        centre_line=None,
        points=points,
        phases=phases,
        note=_BARE,
    )


@dataclass(frozen=True)
class _PointCell:
    """A point of a chart as a cell of persons."""

    denominator: int | None
    numerator: int | None

    @classmethod
    def of(cls, point: ChartPoint) -> "_PointCell":
        d, value = point.denominator, point.value
        if d is None or value is None:
            return cls(d, None if value is None else 0)
        count = value * d
        # A mean or a rate beyond 1 gives back no count of persons.
        whole = abs(count - round(count)) < 1e-6 and 0 <= round(count) <= d
        return cls(d, round(count) if whole else None)


def _total(baseline: Estimate | NotEstimable) -> tuple[int, int] | None:
    if isinstance(baseline, NotEstimable):
        return None
    counts = missing_counts(baseline)
    if counts is None and baseline.n is not None:
        return baseline.n, 0
    return counts


def _suppress(
    table: tuple[UnitResult, ...], total: tuple[int, int] | None
) -> Suppression:
    return suppress_counted(
        table, total, suppressed=[unit.suppressed for unit in table]
    )


def _hide_enough(found: Suppression) -> Suppression:
    """Leave a table with hidden cells; hide one that would give back the total."""
    if found.cells.any():
        return found
    return Suppression(np.ones_like(found.cells), total=found.total)


def _show(table: tuple[UnitResult, ...], found: Suppression) -> tuple[UnitResult, ...]:
    return tuple(
        hide_unit(unit) if hide else _coarsely_expected(unit)
        for unit, hide in zip(table, found.cells, strict=True)
    )


def _coarsely_expected(unit: UnitResult) -> UnitResult:
    """Round what was expected, and make its ratios anew of that.

    All that is expected adds up to all that was observed, and is made of few
    coefficients: to the last digit it would tell of sites that are hidden, and of how
    many patients of a site are men or of an age.
    """
    exact, coarsely = unit.expected, rounded(unit.expected)
    if not exact or not coarsely:
        return unit
    ratios = {
        name: getattr(unit, name) * exact / coarsely
        for name in _RATIOS
        if getattr(unit, name) is not None
    }
    return unit.model_copy(update={"expected": coarsely, **ratios})


def _difference(
    difference: Difference, found: Suppression, *, coarsely: bool
) -> Difference:
    groups = _show(difference.groups, found)
    return _with_groups(difference, groups, coarsely=coarsely)


def _with_groups(
    difference: Difference, groups: tuple[UnitResult, ...], *, coarsely: bool
) -> Difference:
    """Give a difference other groups; its limits few digits where a site is hidden."""
    gap = coarse_limits(difference.gap) if coarsely else difference.gap
    if groups and (groups[0].suppressed or groups[-1].suppressed):
        # One shown group and the gap would give back the other.
        gap = HIDDEN if isinstance(gap, Estimate) else gap
    return difference.model_copy(update={"groups": groups, "gap": gap})


def _chart(chart: ControlChart | NotEstimable) -> ControlChart | NotEstimable:
    return chart if isinstance(chart, NotEstimable) else safe_chart(chart)


def _coarse_variation(variation: Variation | NotEstimable) -> Variation | NotEstimable:
    """Round what was made from hidden units too."""
    if isinstance(variation, NotEstimable):
        return variation
    changed: dict[str, object] = {
        name: rounded(getattr(variation, name))
        for name, field in Variation.model_fields.items()
        if field.annotation in {float, float | None}
    }
    # Of some units alone, so that it is no longer what the baseline tells; and strictly
    # between 0 and 1, as a funnel's centre is.
    changed["target"] = min(max(round(variation.target, 3), 0.001), 0.999)
    return variation.model_copy(update=changed)


def _coarse_case_mix(
    found: CaseMix | NotEstimable | None,
) -> CaseMix | NotEstimable | None:
    """Round likewise; its c statistic and calibration are of hidden units too."""
    if not isinstance(found, CaseMix):
        return found
    return found.model_copy(
        update={
            "c_statistic": coarse(found.c_statistic),
            "calibration_error": rounded(found.calibration_error),
            "tau2": rounded(found.tau2),
            "diagnoses": _coarse_diagnoses(found.diagnoses),
        }
    )


def _coarse_diagnoses(
    found: Diagnoses | NotEstimable | None,
) -> Diagnoses | NotEstimable | None:
    if not isinstance(found, Diagnoses):
        return found
    before = found.before
    return found.model_copy(
        update={
            "before": None if before is None else _coarse_fit(before),
            "after": _coarse_fit(found.after),
        }
    )


def _coarse_fit(found: ModelFit) -> ModelFit:
    return found.model_copy(
        update={
            "c_statistic": coarse(found.c_statistic),
            "calibration_slope": rounded(found.calibration_slope),
            "calibration_error": rounded(found.calibration_error),
        }
    )
