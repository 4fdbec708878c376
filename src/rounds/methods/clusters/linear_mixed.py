"""A linear mixed model for trials in clusters, judged after Kenward and Roger.

Random effects of clusters, and of clusters in a period where there are periods (a
stepped wedge, a cross-over). Fitted by restricted maximum likelihood; what it costs
goes with the number of cells, not of persons.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.cell_likelihood import variance_ratios
from rounds.methods.clusters.cell_matrices import CellMatrix, Cells
from rounds.methods.clusters.design_matrix import checked_design

__all__ = ["MixedFit", "linear_mixed"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MixedFit:
    """One coefficient of a linear mixed model, with a small-sample interval."""

    estimate: float
    se: float
    """Kenward and Roger's: it knows that variances were estimated too. Of
    `robust_mixed`, CR2."""
    model_se: float
    """As if the variances were known."""
    df: float
    lower: float
    upper: float
    between_clusters: float
    """Variance of the clusters' effects."""
    between_periods: float
    """Variance of the effects of periods within clusters; 0 where there are none."""
    within: float
    """Variance of persons in one cluster and period."""
    n: int
    n_clusters: int

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect."""
        return float(2 * scipy.stats.t.sf(abs(self.estimate / self.se), self.df))

    @property
    def icc(self) -> float:
        """Correlation of two persons of one cluster in one period."""
        shared = self.between_clusters + self.between_periods
        return shared / (shared + self.within)

    @property
    def autocorrelation(self) -> float | None:
        """Of a cluster's mean from one period to another; None where it has none."""
        shared = self.between_clusters + self.between_periods
        return self.between_clusters / shared if shared > 0 else None


def linear_mixed(
    outcome: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike,
    periods: ArrayLike | None = None,
    *,
    column: int = 0,
    level: float = 0.95,
) -> MixedFit:
    """Fit y = Xb + cluster (+ cluster in period) + error; give one coefficient.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        The outcome.
    design : array of float, shape (n_persons, n_columns)
        The covariates; a constant column and the periods' own are yours to include.
    clusters : array, shape (n_persons,)
        The cluster of each person.
    periods : array, shape (n_persons,), optional
        The period of each person: a cluster's level may then differ between periods.
    column : int
        The column whose coefficient is wanted.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    MixedFit
        The interval is estimate ± t(df) × Kenward and Roger's standard error. Every
        variance takes part in it, also one that is estimated to be nought.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, a column repeats others, there are
        not more clusters than 2, or no person's outcome differs from what is fitted.

    References
    ----------
    Halekoh U, Højsgaard S (2014). A Kenward-Roger approximation and parametric
    bootstrap methods for tests in linear mixed models: the R package pbkrtest. Journal
    of Statistical Software 59(9), as the package's source has it (`KR_vcovAdj.R`).
    https://github.com/hojsgaard/pbkrtest

    Examples
    --------
    >>> y = [3.1, 2.9, 4.0, 4.4, 5.2, 4.8, 6.1, 6.5, 3.3, 3.0, 5.9, 5.5]
    >>> arm = [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1]
    >>> clinic = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    >>> fit = linear_mixed(y, [[a, 1] for a in arm], clinic)
    >>> round(fit.estimate, 2), round(fit.df, 1)
    (2.22, 4.0)
    """
    y, X = checked_design(outcome, design, column, level)
    cells = _in_cells(y, X, clusters, periods, column=column)
    parts = [cells.ones(), cells.alike(within_periods=False)]
    if periods is not None:
        parts.append(cells.alike(within_periods=True))
    ratios = variance_ratios(cells, within_periods=periods is not None)
    unit = np.concatenate([[1.0], ratios])
    variances = unit * _within(cells, parts, unit)
    fitted = _Fitted.at(cells, parts, variances)
    adjusted, df = _kenward_roger(cells, parts, fitted, column)
    estimate, se = float(fitted.beta[column]), float(np.sqrt(adjusted))
    half = float(scipy.stats.t.ppf((1 + level) / 2, df)) * se
    return MixedFit(
        estimate=estimate,
        se=se,
        model_se=float(np.sqrt(fitted.phi[column, column])),
        df=df,
        lower=estimate - half,
        upper=estimate + half,
        between_clusters=float(variances[1]),
        between_periods=float(variances[2]) if periods is not None else 0.0,
        within=float(variances[0]),
        n=cells.n,
        n_clusters=len(cells.counts),
    )


@dataclass(frozen=True)
class _Fitted:
    """The coefficients that belong to some variances."""

    inverse: CellMatrix
    phi: Floats
    """(X'V⁻¹X)⁻¹, with V of these variances."""
    beta: Floats

    @classmethod
    def at(cls, cells: Cells, parts: list[CellMatrix], variances: Floats) -> "_Fitted":
        shared = sum(
            (v * part.cells for v, part in zip(variances[1:], parts[1:], strict=True)),
            np.zeros_like(parts[0].cells),
        )
        inverse = cells.inverse(CellMatrix(float(variances[0]), shared))
        phi = np.linalg.inv(cells.between_x(inverse)).astype(float)
        return cls(inverse, phi, phi @ cells.x_to_y(inverse))


def _within(cells: Cells, parts: list[CellMatrix], unit: Floats) -> float:
    """Give the persons' variance that belongs to the others as multiples of it."""
    fitted = _Fitted.at(cells, parts, unit)
    left = cells.n - cells.xx.shape[0]
    return float(cells.between_residuals(fitted.inverse, fitted.beta) / left)


def _kenward_roger(
    cells: Cells, parts: list[CellMatrix], fitted: _Fitted, column: int
) -> tuple[float, float]:
    """Give the adjusted variance of a coefficient, and its degrees of freedom.

    Of one coefficient, Kenward and Roger's scale is 1 and their degrees of freedom are
    2 φ² / Σ Wᵢⱼ dᵢ dⱼ, where dᵢ is how φ goes with the i-th variance.
    """
    phi, times = fitted.phi, cells.product
    H = [times(part, fitted.inverse) for part in parts]
    back = [times(fitted.inverse, one) for one in H]
    P = [-cells.between_x(one) for one in back]
    k = len(parts)
    Q = [[P[0]] * k for _ in range(k)]
    information = np.empty((k, k))
    for i in range(k):
        for j in range(i + 1):
            Q[i][j] = cells.between_x(times(back[i], H[j]))
            Q[j][i] = Q[i][j].T
            information[i, j] = information[j, i] = (
                cells.trace(times(H[i], H[j]))
                - 2 * np.sum(phi * Q[i][j])
                + np.trace(phi @ P[i] @ phi @ P[j])
            )
    W = 2 * np.linalg.pinv(information)
    inner = sum(
        (W[i, j] * (Q[i][j] - P[i] @ phi @ P[j]) for i in range(k) for j in range(k)),
        np.zeros_like(phi),
    )
    adjusted = phi + 2 * phi @ inner @ phi
    slopes = np.array([(phi @ one @ phi)[column, column] for one in P])
    df = 2 * phi[column, column] ** 2 / float(slopes @ W @ slopes)
    return float(adjusted[column, column]), float(df)


def _in_cells(
    y: Floats,
    X: Floats,
    clusters: ArrayLike,
    periods: ArrayLike | None,
    *,
    column: int,
) -> Cells:
    labels = np.asarray(clusters)
    when = np.zeros(len(labels)) if periods is None else np.asarray(periods)
    if not y.shape == labels.shape == when.shape:
        raise ValueError(
            f"clusters has shape {labels.shape}, periods {when.shape}; expected "
            f"{y.shape}"
        )
    # The triangle has the singular values of the whole.
    triangle = np.linalg.qr(X, mode="r")
    longest = float(np.linalg.norm(triangle, ord=2))
    least = longest * len(X) * np.finfo(float).eps
    if np.linalg.matrix_rank(triangle, tol=least) < X.shape[1]:
        raise ValueError("a column of the design repeats the others")
    # Around nought nothing is lost to rounding: a constant, where the design holds one
    # apart from the column asked about, takes up what is taken off.
    others = np.delete(X, column, axis=1)
    ones = np.ones(len(y))
    if others.size and np.allclose(others @ np.linalg.lstsq(others, ones)[0], 1.0):
        y = y - y.mean()
    codes = np.unique(labels, return_inverse=True)[1]
    if codes.max() < 2:
        raise ValueError("at least three clusters are needed to tell how they vary")
    return Cells.of(y, X, codes, np.unique(when, return_inverse=True)[1])
