"""Meta-regression: how effects go with what the studies were like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtrc

from rounds.methods.pooling.pooled import (
    Heterogeneity,
    Prediction,
    heterogeneity_of,
    p_value,
    scale_of,
)
from rounds.methods.pooling.studies import (
    FAR,
    Interval,
    Studies,
    quantile,
    studies,
)
from rounds.methods.pooling.variance import Method, between_variance, weighed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["MetaRegression", "Predicted", "meta_regression"]


@dataclass(frozen=True, eq=False)
class Predicted:
    """Mean effects at given covariates, and where a new study's would lie."""

    value: NDArray[np.float64]
    """Shape (n,)."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    prediction_lower: NDArray[np.float64]
    prediction_upper: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class MetaRegression:
    """Effects regressed on covariates, the intercept first."""

    method: Method
    interval: Interval
    level: float
    k: int
    coefficients: NDArray[np.float64]
    """Shape (1 + m,)."""
    ses: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    p_values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    """Shape (1 + m, 1 + m): scaled as the standard errors are."""
    heterogeneity: Heterogeneity
    """What the covariates leave; Q is the residual one."""
    tau2_without: float
    """Variance between studies with no covariate."""
    r2: float | None
    """Share of that which goes with the covariates, in [0, 1]; None where it is 0."""
    omnibus: float
    """Wald's test of all covariates: chi-square on m, or F on m and k − 1 − m, degrees
    of freedom."""
    omnibus_p_value: float

    def at(
        self, covariates: ArrayLike, *, prediction: Prediction | None = None
    ) -> Predicted:
        """Give the mean effect where covariates are so.

        Parameters
        ----------
        covariates : array_like of float, shape (n, m); (n,) for one covariate
            Where.
        prediction : {"k-1", "k-2"}, optional
            As `rounds.methods.pooling.pooled.pool`, less one for each covariate.

        Returns
        -------
        Predicted

        Raises
        ------
        ValueError
            If the shape is another, or a covariate is not finite.
        """
        m = self.coefficients.size - 1
        rows = np.asarray(covariates, dtype=float).reshape(-1, m)
        if not (np.abs(rows) < FAR).all():
            raise ValueError("covariates are finite")
        x = np.hstack([np.ones((len(rows), 1)), rows])
        value = x @ self.coefficients
        variance = np.einsum("ni,ij,nj->n", x, self.covariance, x)
        df = self.heterogeneity.df
        z = further = quantile(self.interval, self.level, df)
        if prediction is not None:
            less = {"k-1": 0, "k-2": 1}.get(prediction)
            if less is None or df - less < 1:
                raise ValueError(f"there is no prediction interval {prediction!r}")
            further = quantile("hksj", self.level, df - less)
        reach = z * np.sqrt(variance)
        beyond = further * np.sqrt(variance + self.heterogeneity.tau2)
        return Predicted(
            value, value - reach, value + reach, value - beyond, value + beyond
        )


def meta_regression(
    effects: ArrayLike,
    ses: ArrayLike,
    covariates: ArrayLike,
    *,
    method: Method = "reml",
    interval: Interval = "modified_hksj",
    level: float = 0.95,
) -> MetaRegression:
    """Regress studies' effects on one or more covariates.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        As `rounds.methods.pooling.pooled.pool`.
    covariates : array_like of float, shape (k,) or (k, m)
        What the studies were like; k is at least m + 2.
    method, interval, level
        As `rounds.methods.pooling.pooled.pool`.

    Returns
    -------
    MetaRegression

    Raises
    ------
    ValueError
        As `rounds.methods.pooling.pooled.pool`; or if a covariate is not finite, is
        constant or follows from the others, or studies are too few.

    References
    ----------
    .. [1] Viechtbauer W. rma.uni, in: metafor 5.1-12, man/rma.uni.Rd and R/rma.uni.r
       (github.com/wviechtb/metafor).

    Examples
    --------
    >>> found = meta_regression([0.2, 0.3, 0.4, 0.5], [0.1] * 4, [1, 2, 3, 4])
    >>> found.coefficients.round(6).tolist()
    [0.1, 0.1]
    """
    given = studies(effects, ses, covariates)
    z = quantile(interval, level, given.df)
    tau2 = between_variance(given, method)
    fit = weighed(given, tau2)
    dispersion = fit.q / given.df
    covariance = fit.covariance * scale_of(dispersion, interval) ** 2
    errors = np.sqrt(np.diag(covariance))
    without = between_variance(Studies(given.y, given.v, given.x[:, :1]), method)
    omnibus, chance = _omnibus(fit.coefficients, covariance, interval, given.df)
    return MetaRegression(
        method=method,
        interval=interval,
        level=level,
        k=given.y.size,
        coefficients=fit.coefficients,
        ses=errors,
        lower=fit.coefficients - z * errors,
        upper=fit.coefficients + z * errors,
        p_values=np.array(
            [
                p_value(float(b), float(se), interval, given.df)
                for b, se in zip(fit.coefficients, errors, strict=True)
            ]
        ),
        covariance=covariance,
        heterogeneity=heterogeneity_of(given, method, tau2, level),
        tau2_without=without,
        r2=max(0.0, 1 - tau2 / without) if without > 0 else None,
        omnibus=omnibus,
        omnibus_p_value=chance,
    )


def _omnibus(
    coefficients: NDArray[np.float64],
    covariance: NDArray[np.float64],
    interval: Interval,
    df: int,
) -> tuple[float, float]:
    slopes = coefficients[1:]
    wald = float(slopes @ np.linalg.solve(covariance[1:, 1:], slopes))
    if interval == "normal":
        return wald, float(chdtrc(slopes.size, wald))
    return wald / slopes.size, float(fdtrc(slopes.size, df, wald / slopes.size))
