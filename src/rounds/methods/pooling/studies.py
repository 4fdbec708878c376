"""What studies bring to a pooled analysis, checked once for every method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtri, stdtrit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["FAR", "Interval", "Studies", "quantile", "studies"]

FAR = 1e40
"""Beyond, products of weights and squares leave what a float can hold."""

Interval = Literal["normal", "hksj", "modified_hksj"]
"""How wide: the normal quantile; Hartung, Knapp, Sidik and Jonkman's scale with t; the
same, with a scale that never falls below 1."""


@dataclass(frozen=True, eq=False)
class Studies:
    """Effects, their variances, and what they are regressed on."""

    y: NDArray[np.float64]
    """Shape (k,)."""
    v: NDArray[np.float64]
    """Shape (k,): squared standard errors."""
    x: NDArray[np.float64]
    """Shape (k, p): the first column is 1."""

    @property
    def df(self) -> int:
        """Residual degrees of freedom, k − p."""
        return int(self.x.shape[0] - self.x.shape[1])

    def without(self, i: int) -> Studies:
        """Leave one study out."""
        return Studies(
            *(np.delete(part, i, axis=0) for part in (self.y, self.v, self.x))
        )


def studies(
    effects: ArrayLike,
    ses: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    least: int = 2,
) -> Studies:
    """Check studies' effects and standard errors.

    Parameters
    ----------
    effects, ses : array_like of float, shape (k,)
        Effects on one additive scale, and their standard errors.
    covariates : array_like of float, shape (k,) or (k, m), optional
        What the effects are regressed on beside an intercept.
    least : int
        How many studies there must be.

    Returns
    -------
    Studies

    Raises
    ------
    ValueError
        If shapes differ, studies are fewer than asked, effects or covariates are not
        finite, a standard error is not a finite number above 0, a square leaves what
        a float can hold, there are not more studies than coefficients, or covariates
        repeat each other.
    """
    y, s = np.asarray(effects, dtype=float), np.asarray(ses, dtype=float)
    if y.ndim != 1 or y.shape != s.shape:
        raise ValueError(f"effects have shape {y.shape}, standard errors {s.shape}")
    if y.size < least:
        words = {1: "one study", 2: "two studies", 3: "three studies"}
        said = words.get(least, f"{least} studies")
        raise ValueError(f"this needs at least {said}, not {y.size}")
    if not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        raise ValueError("effects are finite, and standard errors finite and above 0")
    if max(np.abs(y).max(), s.max()) > FAR or s.min() < 1 / FAR:
        raise ValueError("effects or standard errors are too far from 1 to be squared")
    x = np.ones((y.size, 1))
    if covariates is not None:
        x = np.hstack([x, _columns(covariates, y.size)])
        if y.size <= x.shape[1]:
            raise ValueError(f"{y.size} studies for {x.shape[1]} coefficients")
        scaled = x / np.maximum(np.abs(x).max(axis=0), 1e-300)
        if np.linalg.matrix_rank(scaled) < x.shape[1]:
            raise ValueError("a covariate is constant, or follows from the others")
    return Studies(y, s**2, x)


def quantile(interval: Interval, level: float, df: int) -> float:
    """Give the quantile of an interval: normal, or t.

    Parameters
    ----------
    interval : {"normal", "hksj", "modified_hksj"}
        Which interval.
    level : float
        Its coverage, in (0, 1).
    df : int
        Degrees of freedom of the t distribution.

    Returns
    -------
    float
        Above 0.

    Raises
    ------
    ValueError
        If the level is not between 0 and 1, or there is no such interval.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level {level} is not between 0 and 1")
    if interval not in ("normal", "hksj", "modified_hksj"):
        raise ValueError(f"there is no interval {interval!r}")
    tail = (1 + level) / 2
    return float(ndtri(tail) if interval == "normal" else stdtrit(df, tail))


def _columns(covariates: ArrayLike, k: int) -> NDArray[np.float64]:
    columns = np.asarray(covariates, dtype=float)
    if columns.ndim == 1:
        columns = columns[:, None]
    if columns.ndim != 2 or columns.shape[0] != k or not columns.shape[1]:
        raise ValueError(f"covariates have shape {columns.shape} for {k} effects")
    if not (np.abs(columns) < FAR).all():
        raise ValueError("covariates are finite")
    return columns
