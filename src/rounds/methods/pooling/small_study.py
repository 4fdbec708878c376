"""Whether small studies find other effects than large ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtri

from rounds.methods.pooling.regression import meta_regression
from rounds.methods.pooling.studies import studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["LEAST_STUDIES", "Egger", "FunnelContours", "egger", "funnel_contours"]

LEAST_STUDIES = 10
"""Below, the test sees next to nothing: the least that R's `meta::metabias` tests."""

_ALIKE = 1e-6
"""Standard errors that differ by less, relative to their size, are all one."""


@dataclass(frozen=True, kw_only=True)
class Egger:
    """Effects regressed on their standard errors."""

    model: Literal["classical", "random"]
    k: int
    slope: float
    """By how much the effect changes with a standard error larger by 1."""
    slope_se: float
    statistic: float
    """Slope over its standard error."""
    df: int | None
    """Of its t distribution; None where it is held against the normal one."""
    p_value: float
    """Two-sided, against a slope of 0."""
    limit: float
    """The effect where the standard error would be 0."""
    limit_lower: float
    limit_upper: float
    level: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FunnelContours:
    """Lines of a contour-enhanced funnel plot, from a standard error of 0 down."""

    se: NDArray[np.float64]
    """Shape (n,)."""
    levels: tuple[float, ...]
    """Of confidence, rising: effects between a pair of lines would not be called
    different from `reference` at that level."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    """Shape (n_levels, n)."""
    reference: float
    around_lower: NDArray[np.float64]
    around_upper: NDArray[np.float64]
    """Shape (n,): where 95% of studies lie if all have the pooled effect."""


def egger(
    effects: ArrayLike,
    ses: ArrayLike,
    *,
    model: Literal["classical", "random"] = "classical",
    level: float = 0.95,
) -> Egger:
    """Test whether effects go with their standard errors.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        As `rounds.methods.pooling.pooled.pool`; k at least 10.
    model : {"classical", "random"}
        Egger's: weights 1/se² and a dispersion that multiplies, held against t on
        k − 2; or a mixed-effects meta-regression (REML), held against the normal.
    level : float
        Of the limit's interval, in (0, 1).

    Returns
    -------
    Egger
        The classical slope is the intercept of the regression of effect/se on 1/se.
        The log odds ratio goes with its own standard error where effects are large,
        with no bias at all, so that for it the test is called too often [2]_.

    Raises
    ------
    ValueError
        As `rounds.methods.pooling.pooled.pool`; or if there are fewer than 10 studies,
        standard errors are all the same, or there is no such model.

    References
    ----------
    .. [1] Viechtbauer W. regtest, in: metafor 5.1-12, man/regtest.Rd and R/regtest.r
       (github.com/wviechtb/metafor): both models, and what they do not show.
    .. [2] Higgins JPT, Green S, editors. Cochrane Handbook for Systematic Reviews of
       Interventions 5.1, section 10.4.3.
    .. [3] Schwarzer G. metabias, in: meta (R package): `k.min = 10`.
    """
    given = studies(effects, ses)
    if given.y.size < LEAST_STUDIES:
        raise ValueError(
            f"a test of small-study effects needs at least {LEAST_STUDIES} studies, "
            f"not {given.y.size}"
        )
    s = np.asarray(ses, dtype=float)
    if np.ptp(s) <= _ALIKE * s.max():
        raise ValueError("all studies are of one size: their standard errors are equal")
    if model not in ("classical", "random"):
        raise ValueError(f"there is no model {model!r}")
    classical = model == "classical"
    found = meta_regression(
        given.y,
        s,
        s,
        method="fixed" if classical else "reml",
        interval="hksj" if classical else "normal",
        level=level,
    )
    slope, slope_se = float(found.coefficients[1]), float(found.ses[1])
    return Egger(
        model=model,
        k=found.k,
        slope=slope,
        slope_se=slope_se,
        statistic=slope / slope_se,
        df=found.heterogeneity.df if classical else None,
        p_value=float(found.p_values[1]),
        limit=float(found.coefficients[0]),
        limit_lower=float(found.lower[0]),
        limit_upper=float(found.upper[0]),
        level=level,
    )


def funnel_contours(
    ses: ArrayLike,
    estimate: float,
    *,
    levels: Sequence[float] = (0.9, 0.95, 0.99),
    reference: float = 0.0,
    n_points: int = 25,
) -> FunnelContours:
    """Give the lines of a contour-enhanced funnel plot.

    Studies that lack where effects would not be called different from the reference
    speak for results kept back; studies that lack elsewhere, for another reason.

    Parameters
    ----------
    ses : array_like of float, shape (k,)
        Standard errors, above 0.
    estimate : float
        The pooled effect.
    levels : sequence of float
        Of confidence, in (0, 1).
    reference : float
        The effect of none: 0.
    n_points : int
        Of each line, from a standard error of 0 to a little above the largest; at
        least 2.

    Returns
    -------
    FunnelContours

    Raises
    ------
    ValueError
        If a standard error is not a finite number above 0, the estimate is not finite,
        or a level is not between 0 and 1.

    References
    ----------
    .. [1] Viechtbauer W. funnel, in: metafor 5.1-12, man/funnel.Rd
       (github.com/wviechtb/metafor): contours (`level`, `refline`).
    """
    s = np.asarray(ses, dtype=float)
    ordered = tuple(sorted(levels))
    if s.ndim != 1 or not s.size or not (np.isfinite(s) & (s > 0)).all():
        raise ValueError("standard errors are finite and above 0")
    if not np.isfinite([estimate, reference]).all():
        raise ValueError("the estimate and the reference are finite")
    if not ordered or not all(0 < level < 1 for level in ordered) or n_points < 2:
        raise ValueError("levels are between 0 and 1, and points at least 2")
    at = np.linspace(0.0, 1.05 * float(s.max()), n_points)
    reach = ndtri((1 + np.array(ordered)) / 2)[:, None] * at
    around = float(ndtri(0.975)) * at
    return FunnelContours(
        se=at,
        levels=ordered,
        lower=reference - reach,
        upper=reference + reach,
        reference=reference,
        around_lower=estimate - around,
        around_upper=estimate + around,
    )
