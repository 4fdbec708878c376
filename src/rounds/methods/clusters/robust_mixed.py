"""A mixed model's estimate, with a variance that does not take the model's word for it.

Kenward and Roger's standard error is right where persons vary as much in one arm as in
the other, and clusters as the random effects say. A harm that is rare in one arm and
less rare in the other varies more there; an effect that differs between clusters, or a
correlation that fades with time, is no random effect of the model. Here the model says
only what weighs how much: whitened by it, persons are independent if it is right, and
the squares that are summed by cluster tell how they do vary.

What it costs goes with the number of persons, and nothing larger than one periods ×
periods matrix a cluster is formed.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.design_matrix import checked_design
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.clusters.linear_mixed import MixedFit, linear_mixed

__all__ = ["robust_mixed", "wider_mixed"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


def robust_mixed(
    outcome: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike,
    periods: ArrayLike | None = None,
    *,
    column: int = 0,
    level: float = 0.95,
) -> MixedFit:
    """Fit as `linear_mixed`; judge one coefficient by how clusters do vary.

    Parameters
    ----------
    outcome, design, clusters, periods, column, level
        As of `linear_mixed`, with its shapes.

    Returns
    -------
    MixedFit
        Estimate and variances are those of `linear_mixed`. The standard error is CR2
        of the regression whitened by the fitted variances, and the degrees of freedom
        are Satterthwaite's: both as they would be if the model were right.

    Raises
    ------
    ValueError
        As `linear_mixed` and `cluster_ols`.

    References
    ----------
    Ouyang Y, Taljaard M, Forbes AB, Li F (2024). Maintaining the validity of inference
    from linear mixed models in stepped-wedge cluster randomized trials under
    misspecified random-effects structures. Statistical Methods in Medical Research.
    DOI 10.1177/09622802241248382 (its abstract: with robust variances such models
    perform adequately though their random effects be wrong; CR3 with two degrees of
    freedom less than clusters does best of those it compares. CR2 with Satterthwaite's
    is narrower; docs/reference/accuracy.md tells how near it is to its level).

    Pustejovsky and Tipton (2018), as `cluster_ols`, of which this is the case of a
    whitened regression.

    Examples
    --------
    >>> y = [3.1, 2.9, 4.0, 4.4, 5.2, 4.8, 6.1, 6.5, 3.3, 3.0, 5.9, 5.5]
    >>> arm = [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1]
    >>> clinic = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    >>> fit = robust_mixed(y, [[a, 1] for a in arm], clinic)
    >>> round(fit.estimate, 2), round(fit.se, 2), round(fit.df, 1)
    (2.22, 0.53, 4.0)
    """
    fitted = linear_mixed(
        outcome, design, clusters, periods, column=column, level=level
    )
    y, X = checked_design(outcome, design, column, level)
    codes = np.unique(np.asarray(clusters), return_inverse=True)[1]
    when = np.zeros(len(y)) if periods is None else np.asarray(periods)
    # What the columns tell is in no residual: without it a large mean costs no digits.
    left = y - X @ np.linalg.lstsq(X, y)[0]
    white = _whitened(
        np.column_stack([X, left]),
        codes,
        np.unique(when, return_inverse=True)[1],
        fitted,
    )
    judged = cluster_ols(white[:, -1], white[:, :-1], codes, column=column, level=level)
    half = (judged.upper - judged.lower) / 2
    return replace(
        fitted,
        se=judged.se,
        df=judged.df,
        lower=fitted.estimate - half,
        upper=fitted.estimate + half,
    )


def wider_mixed(
    outcome: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike,
    periods: ArrayLike | None = None,
    *,
    column: int = 0,
    level: float = 0.95,
) -> MixedFit:
    """Give `linear_mixed` or `robust_mixed`, whichever has the wider interval.

    For harms, which are rare: where they vary more in one arm the first is too narrow;
    where there is hardly one, the second is, for what no cluster shows it cannot know.

    Parameters
    ----------
    outcome, design, clusters, periods, column, level
        As of `linear_mixed`, with its shapes.

    Raises
    ------
    ValueError
        As `robust_mixed`.

    Examples
    --------
    >>> y = [3.1, 2.9, 4.0, 4.4, 5.2, 4.8, 6.1, 6.5, 3.3, 3.0, 5.9, 5.5]
    >>> arm = [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1]
    >>> clinic = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    >>> fit = wider_mixed(y, [[a, 1] for a in arm], clinic)
    >>> round(fit.upper - fit.lower, 2)
    2.96
    """
    given = (outcome, design, clusters, periods)
    model = linear_mixed(*given, column=column, level=level)
    robust = robust_mixed(*given, column=column, level=level)
    return max(model, robust, key=lambda fit: fit.upper - fit.lower)


def _whitened(values: Floats, clusters: Codes, periods: Codes, fit: MixedFit) -> Floats:
    """Multiply by V^(-1/2), V being of the fitted variances.

    Within a cell V is the persons' variance; a cell's mean times the root of its
    persons is what the other variances add to. So persons less their cell's mean are
    divided by the root of their variance, and the means of a cluster's cells are
    turned by the root of a periods × periods matrix.
    """
    shape = (clusters.max() + 1, periods.max() + 1)
    cells = clusters * shape[1] + periods
    n = np.bincount(cells, minlength=shape[0] * shape[1])
    each = np.maximum(n, 1)[:, None]
    sums = np.column_stack(
        [np.bincount(cells, column, minlength=len(n)) for column in values.T]
    )
    root = np.sqrt(n.reshape(shape))
    spread = fit.between_clusters * root[:, :, None] * root[:, None, :]
    diagonal = np.arange(shape[1])
    spread[:, diagonal, diagonal] += fit.within + fit.between_periods * root**2
    size, turn = np.linalg.eigh(spread)
    inverse = (turn / np.sqrt(size)[:, None, :]) @ turn.swapaxes(1, 2)
    of_cells = (sums / np.sqrt(each)).reshape(*shape, -1)
    turned = (inverse @ of_cells).reshape(len(n), -1) / np.sqrt(each)
    within = (values - (sums / each)[cells]) / np.sqrt(fit.within)
    whitened: Floats = within + turned[cells]
    return whitened
