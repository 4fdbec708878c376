"""One characteristic: indices over its order, gaps to its best-off group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from rounds.loop.problem.variation import with_intervals
from rounds.methods.inequality.between_groups import (
    between_group_variance,
    gaps_to_best,
)
from rounds.methods.inequality.concentration import concentration
from rounds.methods.inequality.slope_index import slope_index
from rounds.methods.proportion import wilson
from rounds.nouns import Estimate, GroupGap, Inequality, NotEstimable, UnitResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["inequality"]

_FEWEST = 10
"""Patients of a group below which it is held against no other."""
_FEWEST_SITES = 10
"""Sites below which a sandwich is too unsure of itself."""


def inequality(
    labels: NDArray[np.str_],
    met: NDArray[np.bool_],
    sites: NDArray[np.str_],
    *,
    name: str,
    unknown: str,
    contrast: str = "",
    more_is_better: bool,
) -> Inequality:
    """Compare a yes-or-no measure over the groups of one characteristic.

    Parameters
    ----------
    labels : ndarray of str, shape (n_patients,)
        Each patient's group; of an ordered characteristic, labels sort in its order.
    met : ndarray of bool, shape (n_patients,)
        Whether the measure is met.
    sites : ndarray of str, shape (n_patients,)
        Where each patient is seen.
    name : str
        The characteristic.
    unknown : str
        The label of those of whom it is not recorded; empty where nothing says so.
    contrast : str
        Which end of the order is held against which; empty if there is no order.
    more_is_better : bool
        Whether the measure counts what is wanted.

    Returns
    -------
    Inequality
        With exact counts. What cannot be told says why.
    """
    known = labels != unknown
    groups = _groups(labels, met, unknown)
    compared = [one for one in groups if one.unit != unknown]
    ordered: Literal["ordered", "unordered"] = "ordered" if contrast else "unordered"
    slope, relative, gathers = (
        _over_order(labels[known], met[known], sites[known], contrast)
        if contrast
        else [NotEstimable(reason=f"The groups by {_said(name)} have no order.")] * 3
    )
    gaps, gain = _behind(compared, more_is_better=more_is_better)
    return Inequality(
        characteristic=name,
        order=ordered,
        groups=groups,
        not_recorded=_not_recorded(int((~known).sum()), labels.size, name, unknown),
        contrast=contrast,
        slope=slope,
        relative=relative,
        concentration=gathers,
        spread=_spread(compared),
        gaps=gaps,
        attributable=gain,
    )


def _said(name: str) -> str:
    return name.replace("_", " ")


def _groups(
    labels: NDArray[np.str_], met: NDArray[np.bool_], unknown: str
) -> tuple[UnitResult, ...]:
    names, place = np.unique(labels, return_inverse=True)
    n = np.bincount(place, minlength=names.size).tolist()
    x = np.bincount(place, weights=met, minlength=names.size).tolist()
    units = [
        UnitResult(unit=unit, denominator=size, numerator=int(some))
        for unit, size, some in zip(names.tolist(), n, x, strict=True)
    ]
    last = sorted(units, key=lambda unit: unit.unit == unknown)
    return with_intervals(last)


def _not_recorded(
    missing: int, n: int, name: str, unknown: str
) -> Estimate | NotEstimable:
    if not unknown:
        return NotEstimable(
            reason="Nothing says of whom needs were asked: a need is recorded, or not."
        )
    value, lower, upper = (float(bound[0]) for bound in wilson([missing], [n]))
    return Estimate(
        value=value,
        lower=lower,
        upper=upper,
        scale="proportion",
        n=n,
        estimand=f"Share of patients whose {_said(name)} is not recorded",
        method="Wilson score interval",
    )


def _over_order(
    labels: NDArray[np.str_],
    met: NDArray[np.bool_],
    sites: NDArray[np.str_],
    contrast: str,
) -> tuple[Estimate | NotEstimable, Estimate | NotEstimable, Estimate | NotEstimable]:
    """Give slope, relative and concentration index, or why there are none."""
    if not labels.size:
        missing = NotEstimable(reason="It is recorded of nobody.")
        return missing, missing, missing
    _, place = np.unique(labels, return_inverse=True)
    one = np.ones(met.size)
    clusters = sites if np.unique(sites).size >= _FEWEST_SITES else None
    how = "patients taken as independent"
    if clusters is not None:
        how = f"standard error by site, {np.unique(sites).size} of them"
    try:
        line = slope_index(met, one, place, clusters=clusters)
        gathers = concentration(met, one, place, clusters=clusters).erreygers
    except ValueError as error:
        reason = NotEstimable(reason=f"No index over the order: {error}.")
        return reason, reason, reason
    n = int(met.size)
    return (
        Estimate(
            value=line.sii,
            lower=line.sii_lower,
            upper=line.sii_upper,
            scale="risk_difference",
            n=n,
            estimand=f"Slope index of inequality: {contrast}",
            method=f"Logistic model over ridits; {how}",
        ),
        Estimate(
            value=line.rii,
            lower=line.rii_lower,
            upper=line.rii_upper,
            scale="risk_ratio",
            n=n,
            estimand=f"Relative index of inequality: {contrast}".replace(
                "minus", "over"
            ),
            method=f"Logistic model over ridits; {how}",
        ),
        Estimate(
            value=gathers.value,
            lower=gathers.lower,
            upper=gathers.upper,
            scale="index",
            n=n,
            estimand="Erreygers' concentration index",
            method=f"Delta method; {how}",
        ),
    )


def _spread(groups: list[UnitResult]) -> Estimate | NotEstimable:
    x, n = _counts(groups)
    if x.size < 2:
        return NotEstimable(reason="All of whom it is recorded are in one group.")
    found = between_group_variance(x, n)
    return Estimate(
        value=found.corrected,
        lower=found.lower,
        upper=found.upper,
        scale="index",
        n=int(n.sum()),
        estimand="Between-group variance of the proportions, chance taken away",
        method="Patients taken as independent",
    )


def _behind(
    groups: list[UnitResult], *, more_is_better: bool
) -> tuple[tuple[GroupGap, ...], Estimate | NotEstimable]:
    """Give each group's gap to the best-off, and what closing all would give."""
    large = [one for one in groups if (one.denominator or 0) >= _FEWEST]
    few = NotEstimable(reason=f"The group has fewer than {_FEWEST} patients.")
    if len(large) < 2:
        gain = NotEstimable(
            reason=f"Fewer than two groups have {_FEWEST} patients or more."
        )
        return tuple(GroupGap(group=one.unit, gap=few) for one in groups), gain
    x, n = _counts(large)
    found = gaps_to_best(x, n, more_is_better=more_is_better)
    best = large[found.best].unit
    told = {
        one.unit: Estimate(
            value=float(gap),
            lower=float(low),
            upper=float(high),
            scale="risk_difference",
            n=one.denominator,
            estimand=f"How far behind the best-off group ({best} in these data)",
            method="Newcombe's intervals of all pairs at Bonferroni's level; patients "
            "taken as independent",
        )
        for one, gap, low, high in zip(
            large, found.gap, found.lower, found.upper, strict=True
        )
    }
    whole = Estimate(
        value=float((n * found.gap).sum()),
        lower=float((n * found.lower).sum()),
        upper=float((n * found.upper).sum()),
        scale="count",
        unit="{patients}",
        n=int(n.sum()),
        estimand=f"Patients who would do well besides were all like {best}",
        method="Sum over groups of the gaps, whose intervals hold together",
    )
    gaps = tuple(
        GroupGap(group=one.unit, gap=told.get(one.unit, few)) for one in groups
    )
    return gaps, whole


def _counts(
    groups: list[UnitResult],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = np.array([one.numerator for one in groups], dtype=float)
    return x, np.array([one.denominator for one in groups], dtype=float)
