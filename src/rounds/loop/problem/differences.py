"""Does the measure differ between groups of patients, and by how much?"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from rounds.datamart.rows import MeasureRows
from rounds.loop.problem.groups import by_group, in_age_band
from rounds.loop.problem.variation import with_intervals
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.proportion import newcombe, wilson
from rounds.nouns import Difference, Estimate, NotEstimable, UnitResult

__all__ = ["CHARACTERISTICS", "baseline_of", "difference"]

Characteristic = Literal["sex", "age", "svi_quartile"]
CHARACTERISTICS: tuple[Characteristic, ...] = ("sex", "age", "svi_quartile")
_FEWEST = 10


def baseline_of(rows: MeasureRows) -> Estimate:
    """Estimate the measure over all patients, allowing for their coming in sites.

    Parameters
    ----------
    rows : MeasureRows
        The measure's rows, at least one of them in the denominator.

    Returns
    -------
    Estimate
        A proportion; the interval is cluster-robust (CR2) by site where there are
        enough sites, and Wilson's otherwise: `method` says which.
    """
    y, sites = _outcome(rows), _sites(rows)
    n = y.size
    value, lower, upper = (float(bound[0]) for bound in wilson([y.sum()], [n]))
    method = "Wilson score interval; patients taken as independent"
    try:
        fit = cluster_ols(y, np.ones((n, 1)), sites)
    except ValueError:
        pass  # fewer than two sites, or no variation: Wilson's interval stands
    else:
        lower, upper = min(max(fit.lower, 0.0), value), max(min(fit.upper, 1.0), value)
        method = f"Cluster-robust (CR2) interval over {fit.n_clusters} sites"
    return Estimate(
        value=value,
        lower=lower,
        upper=upper,
        scale="proportion",
        n=n,
        estimand="The measure over all patients of the period",
        method=method,
    )


def difference(characteristic: Characteristic, rows: MeasureRows) -> Difference:
    """Compare the measure across the groups of one characteristic.

    Parameters
    ----------
    characteristic : {"sex", "age", "svi_quartile"}
        What patients are grouped by.
    rows : MeasureRows
        Patients and their sites.

    Returns
    -------
    Difference
        Its gap is the last group minus the first: men minus women, oldest minus
        youngest, most vulnerable quarter of neighbourhoods minus least.
    """
    shown = with_intervals(by_group(rows, characteristic))
    first, last, said = _ends(characteristic, shown, rows)
    if first is None or last is None:
        return Difference(
            characteristic=characteristic, groups=shown, gap=NotEstimable(reason=said)
        )
    return Difference(
        characteristic=characteristic,
        groups=shown,
        gap=_gap(rows, first, last, said),
    )


def _ends(
    characteristic: Characteristic, groups: Sequence[UnitResult], rows: MeasureRows
) -> tuple[np.ndarray | None, np.ndarray | None, str]:
    """Give who is in the first and in the last group, and the contrast in words."""
    counted = rows.denominator
    if characteristic == "sex":
        sex = np.asarray(rows.sex)[counted]
        return sex == "F", sex == "M", "men minus women"
    if characteristic == "svi_quartile":
        quartile = np.asarray(rows.svi_quartile)[counted]
        if not (quartile > 0).any():
            return (
                None,
                None,
                (
                    "No patient's neighbourhood has a social vulnerability index in "
                    "these data, so a gap by neighbourhood cannot be computed."
                ),
            )
        said = "most vulnerable quarter of neighbourhoods minus least"
        return quartile == 1, quartile == 4, said
    bands = [unit.unit for unit in groups if not unit.unit.startswith("(")]
    if len(bands) < 2:
        return None, None, "All patients are in one age group."
    age = np.asarray(rows.age)[counted]
    ends = [in_age_band(age, band) for band in (bands[0], bands[-1])]
    return ends[0], ends[1], f"aged {bands[-1]} minus aged {bands[0]}"


def _gap(
    rows: MeasureRows, first: np.ndarray, last: np.ndarray, said: str
) -> Estimate | NotEstimable:
    y, sites = _outcome(rows), _sites(rows)
    sizes = (int(first.sum()), int(last.sum()))
    if min(sizes) < _FEWEST:
        return NotEstimable(
            reason=f"One of the two groups compared ({said}) has fewer than "
            f"{_FEWEST} patients."
        )
    events = (float(y[first].sum()), float(y[last].sum()))
    value, lower, upper = newcombe(events, sizes)
    method = "Newcombe's score interval; patients taken as independent"
    either = first | last
    design = np.column_stack([last[either], np.ones(int(either.sum()))])
    try:
        fit = cluster_ols(y[either], design, sites[either])
    except ValueError:
        pass  # too few sites, or no variation: Newcombe's interval stands
    else:
        lower, upper = max(fit.lower, -1.0), min(fit.upper, 1.0)
        method = f"Cluster-robust (CR2) interval over {fit.n_clusters} sites"
    return Estimate(
        value=value,
        lower=min(lower, value),
        upper=max(upper, value),
        scale="risk_difference",
        n=sum(sizes),
        estimand=f"Difference in the measure: {said}",
        method=method,
    )


def _outcome(rows: MeasureRows) -> np.ndarray:
    return np.asarray(rows.numerator)[rows.denominator].astype(float)


def _sites(rows: MeasureRows) -> np.ndarray:
    return np.asarray(np.asarray(rows.care_site, dtype=str)[rows.denominator])
