"""The checks of a spreadsheet's trial, of two factors together.

Of each question there is one answer: what is asked of either factor, and of whether
their arms agree, are looks at the same trial, and as many are allowed for.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.checks.diagnostics import MISSING_MARGIN, P_MISSING
from rounds.loop.evaluation.spreadsheet.checks import P_RATIO, check
from rounds.loop.evaluation.spreadsheet.question import Fit
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.loop.evaluation.wording import share_in_words
from rounds.methods.allocations.sample_ratio import arm_ratio
from rounds.methods.shares import arm_difference
from rounds.nouns import Diagnostic

__all__ = ["check_factorial"]

Bools = NDArray[np.bool_]


def check_factorial(
    margins: tuple[Trial, Trial],
    names: tuple[str, str],
    units: tuple[Bools, Bools],
    refit: Callable[[Trial], float],
    found: tuple[Fit, Fit] | None,
    *,
    is_ratio: bool,
) -> tuple[Diagnostic, ...]:
    """Run every check there is.

    Parameters
    ----------
    margins : tuple of two Trial
        Each factor's, with the other's arm among the covariates.
    names : tuple of two str
        Of the factors.
    units : tuple of two arrays of bool
        The arms of what was randomised.
    refit : callable
        Trial → estimate, on the scale on which it is a sum.
    found : tuple of two Fit, optional
        The effects at the margins; None where there are none.
    is_ratio : bool
        Whether these are ratios.

    Returns
    -------
    tuple of Diagnostic
        As `check` gives them, in the order of `SHEET_CHECKS`.
    """
    return (
        _sample_ratio(units, "persons" if margins[0].clusters is None else "clusters"),
        _missing_outcomes(margins),
        _influence(margins, names, refit, found, is_ratio=is_ratio),
    )


def _sample_ratio(units: tuple[Bools, Bools], unit: str) -> Diagnostic:
    a, b = units
    n = len(a)
    looks = [int(arm.sum()) for arm in (a, b, a ^ b)]
    value = min(1.0, 3 * min(arm_ratio(k, n - k) for k in looks))
    cells = [int(cell.sum()) for cell in (~a & ~b, a & ~b, ~a & b, a & b)]
    return Diagnostic(
        name="sample_ratio",
        question=f"Are there as many {unit} in each cell as were randomised?",
        value=value,
        threshold=P_RATIO,
        verdict="fail" if value < P_RATIO else "pass",
        detail=f"{cells[0]} {unit} had neither, {cells[1]} the first alone, {cells[2]} "
        f"the second alone and {cells[3]} both; as many in each were expected.",
    )


def _missing_outcomes(margins: tuple[Trial, Trial]) -> Diagnostic:
    one, other = margins
    a, b, known = one.active, other.active, one.observed
    looks = [
        arm_difference(known, arm, one.clusters, MISSING_MARGIN)[1]
        for arm in (a, b, a ^ b)
    ]
    value = min(1.0, 3 * min(looks))
    shares = [
        share_in_words(int(known[cell].sum()), int(cell.sum()))
        for cell in (~a & ~b, a & ~b, ~a & b, a & b)
    ]
    return Diagnostic(
        name="missing_outcomes",
        question="Are outcomes known equally often in all cells?",
        value=value,
        threshold=P_MISSING,
        verdict="fail" if value < P_MISSING else "pass",
        detail=f"known for {shares[0]} with neither, {shares[1]} with the first alone, "
        f"{shares[2]} with the second alone and {shares[3]} with both; a difference of "
        f"{MISSING_MARGIN:.0%} would not matter.",
    )


def _influence(
    margins: tuple[Trial, Trial],
    names: tuple[str, str],
    refit: Callable[[Trial], float],
    found: tuple[Fit, Fit] | None,
    *,
    is_ratio: bool,
) -> Diagnostic:
    """Leave out each cluster in turn; the factor that moves farther counts."""
    looks = []
    for place, trial in enumerate(margins):
        estimate = half_width = None
        if found is not None:
            ends = np.array([getattr(found[place], x) for x in ("lower", "upper")])
            estimate = found[place].estimate
            if is_ratio:
                ends, estimate = np.log(ends), float(np.log(estimate))
            half_width = float(np.abs(ends - estimate).min())
        checks = check(trial, refit, estimate=estimate, half_width=half_width)
        looks.append(next(one for one in checks if one.name == "influence"))
    worst = max(range(2), key=lambda place: looks[place].value or 0.0)
    if any(one.value is None for one in looks):
        return next(one for one in looks if one.value is None)
    said = f"of {names[worst]}: {looks[worst].detail}"
    return looks[worst].model_copy(update={"detail": said})
