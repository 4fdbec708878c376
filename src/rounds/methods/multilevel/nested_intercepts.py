"""Logistic regression with random intercepts at nested levels: who shares how much.

Each person belongs to one unit of each level: clinician in site in region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.multilevel.nested_likelihood import Best, Forest
from rounds.methods.multilevel.shrinkage import median_odds_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "PERSONS",
    "LevelSpread",
    "NestedFit",
    "nested_intercepts",
    "variance_explained",
]

PERSONS = np.pi**2 / 3
"""Variance of persons on the latent log-odds scale."""


@dataclass(frozen=True, kw_only=True)
class LevelSpread:
    """How units of one level differ within the unit above them."""

    name: str
    n_units: int
    sd: float
    """Standard deviation, log odds, at least 0."""
    sd_se: float | None
    """From the likelihood's curvature; None where sd lies at 0 or the curvature does
    not bear it."""
    share: float
    """Of all variance on the latent scale, persons' π²/3 included."""
    icc: float
    """Correlation of two persons of one unit of this level: this share and those of
    the levels above it."""
    median_odds_ratio: float
    """Of two persons alike, from two units of this level within one unit above."""
    effects: NDArray[np.float64]
    """Shape (n_units,): shrunken effects (modes), log odds."""
    units: NDArray[np.int64]
    """Shape (n_units,): the labels of the units, rising."""


@dataclass(frozen=True, kw_only=True)
class NestedFit:
    """A fitted model; levels from the coarsest to the finest."""

    coefficients: NDArray[np.float64]
    """Shape (p,): log odds; the first is the intercept."""
    se: NDArray[np.float64]
    """Shape (p,): from the marginal likelihood's curvature."""
    levels: tuple[LevelSpread, ...]
    persons_share: float
    """Share of variance between persons of one unit of the finest level."""
    log_likelihood: float


def nested_intercepts(
    successes: ArrayLike,
    totals: ArrayLike,
    levels: Sequence[tuple[str, ArrayLike]],
    covariates: ArrayLike | None = None,
) -> NestedFit:
    """Fit a logistic regression with a random intercept for each unit of each level.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n,)
        Events and trials of each row.
    levels : sequence of (name, labels)
        From the coarsest to the finest; labels are integers, shape (n,).
    covariates : array_like of float, shape (n, p − 1), optional
        Columns besides the intercept.

    Returns
    -------
    NestedFit
        Maximum likelihood by Laplace's approximation, the default of lme4.

    Raises
    ------
    ValueError
        If counts or shapes are impossible, a unit lies in two units of the level above
        it, a level has fewer than two units, columns are not finite or say the same, or
        all successes are 0 or all equal their totals.

    References
    ----------
    .. [1] Bates D, Mächler M, Bolker B, Walker S. Fitting linear mixed-effects models
       using lme4. Journal of Statistical Software 2015;67(1), and `?glmer`: Laplace's
       approximation at the conditional modes, which the tests compare.
    .. [2] Merlo J, Chaix B, Ohlsson H, et al. A brief conceptual tutorial of multilevel
       analysis in social epidemiology. Journal of Epidemiology and Community Health
       2006;60:290-297 (abstract): variance shares and median odds ratios.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> site = np.repeat(np.arange(40), 5)
    >>> p = 1 / (1 + np.exp(-rng.normal(0, 1, 40)[site]))
    >>> x = rng.binomial(50, p)
    >>> fit = nested_intercepts(
    ...     x, np.full(200, 50), [("region", site // 8), ("site", site)]
    ... )
    >>> [level.name for level in fit.levels], bool(0.7 < fit.levels[1].sd < 1.3)
    (['region', 'site'], True)
    """
    model = Forest(successes, totals, levels, covariates).gathered()
    best = model.maximise()
    sds = best.sds
    se, sd_se = _standard_errors(model, best)
    total = float((sds**2).sum()) + PERSONS
    effects = model.effects(best)
    inside = np.cumsum(sds**2) / total
    return NestedFit(
        coefficients=model.given_back(best.beta),
        se=se,
        levels=tuple(
            LevelSpread(
                name=model.names[i],
                n_units=model.sizes[i],
                sd=float(sds[i]),
                sd_se=sd_se[i],
                share=float(sds[i] ** 2 / total),
                icc=float(inside[i]),
                median_odds_ratio=median_odds_ratio(float(sds[i])),
                effects=effects[i],
                units=model.labels[i],
            )
            for i in range(len(sds))
        ),
        persons_share=PERSONS / total,
        log_likelihood=best.log_likelihood,
    )


def variance_explained(before: NestedFit, after: NestedFit) -> dict[str, float | None]:
    """Give what share of each level's variance goes when columns are added.

    Parameters
    ----------
    before, after : NestedFit
        Without and with the columns (case-mix, resources, volume), on the same rows
        and levels.

    Returns
    -------
    dict of str to float
        1 − variance after / variance before (the proportional change in variance), by
        level; below 0 where columns bring out differences that had cancelled; None
        where there was nothing to explain.

    Raises
    ------
    ValueError
        If the levels are not the same.

    Notes
    -----
    Adding a column that matters between persons stretches the latent scale, so that a
    little less than its true share seems explained between units.

    References
    ----------
    .. [1] Merlo et al. as in `nested_intercepts`: proportional change in variance.
    """
    names = [level.name for level in before.levels]
    if names != [level.name for level in after.levels]:
        raise ValueError("the two models have different levels")
    return {
        one.name: None if one.sd < 1e-4 else float(1 - other.sd**2 / one.sd**2)
        for one, other in zip(before.levels, after.levels, strict=True)
    }


def _standard_errors(
    model: Forest, best: Best
) -> tuple[NDArray[np.float64], list[float | None]]:
    """Give standard errors of the given columns' effects, and of the sds inside."""
    free = best.sds > 1e-3
    curved = model.curvature(best, free)
    size = best.beta.size
    bears = float(np.linalg.eigvalsh(curved).min()) > 1e-6
    if not bears:
        curved = curved[:size, :size]
    covariance = np.linalg.inv(curved)
    back = np.eye(size)
    back[1:, 1:] = np.diag(1 / model.scale)
    back[0, 1:] = -model.centre / model.scale
    fixed = back @ covariance[:size, :size] @ back.T
    of_sd: list[float | None] = [None] * best.sds.size
    if bears:
        inside = np.sqrt(np.diag(covariance)[size:])
        for at, value in zip(np.flatnonzero(free), inside, strict=True):
            of_sd[int(at)] = float(value)
    return np.sqrt(np.diag(fixed)), of_sd
