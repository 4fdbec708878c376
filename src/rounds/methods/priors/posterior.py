"""A normal mixture prior met by a normal likelihood."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

__all__ = ["MixturePosterior", "conflict_p", "mixture_posterior"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MixturePosterior:
    """A mixture of normals, after the data."""

    weights: Floats
    means: Floats
    sds: Floats

    @property
    def mean(self) -> float:
        """Give the mean."""
        return float((self.weights * self.means).sum())

    @property
    def sd(self) -> float:
        """Give the standard deviation."""
        spread = self.sds**2 + (self.means - self.mean) ** 2
        return float((self.weights * spread).sum() ** 0.5)

    def probability_above(self, threshold: float) -> float:
        """Give the probability that the effect exceeds a threshold."""
        tail = scipy.stats.norm.sf(threshold, self.means, self.sds)
        return float((self.weights * tail).sum())

    def quantile(self, probability: float) -> float:
        """Give the value below which the effect lies with this probability."""
        low = float((self.means - 12 * self.sds).min())
        high = float((self.means + 12 * self.sds).max())
        return float(
            brentq(lambda x: 1 - self.probability_above(x) - probability, low, high)
        )


def mixture_posterior(
    weights: ArrayLike, means: ArrayLike, sds: ArrayLike, estimate: float, se: float
) -> MixturePosterior:
    """Update a mixture of normals by an estimate with its standard error.

    Parameters
    ----------
    weights, means, sds : array of float, shape (n_components,)
        The prior; weights are positive and sum to 1, standard deviations positive.
    estimate, se : float
        The estimate and its standard error, on the prior's scale.

    Returns
    -------
    MixturePosterior
        Each component is updated by precision weighting; its weight by how well it
        predicted the estimate.

    Raises
    ------
    ValueError
        If shapes differ, weights do not sum to 1, or a deviation is not positive.

    References
    ----------
    Schmidli H et al. (2014). Robust meta-analytic-predictive priors in clinical trials
    with historical control information. Biometrics 70:1023-1032, as set out and
    implemented in RBesT's `postmix` (github.com/Novartis/RBesT, R/postmix.R).

    Examples
    --------
    >>> after = mixture_posterior([1.0], [0.0], [1.0], 2.0, 1.0)
    >>> float(after.means[0]), round(float(after.sds[0]), 4)
    (1.0, 0.7071)
    """
    w, m, s = _prior(weights, means, sds, se)
    log_weight = np.log(w) + scipy.stats.norm.logpdf(estimate, m, np.hypot(s, se))
    precision = 1 / s**2 + 1 / se**2
    return MixturePosterior(
        np.exp(log_weight - logsumexp(log_weight)),
        (m / s**2 + estimate / se**2) / precision,
        1 / np.sqrt(precision),
    )


def conflict_p(
    weights: ArrayLike, means: ArrayLike, sds: ArrayLike, estimate: float, se: float
) -> float:
    """Give the two-sided prior-predictive p-value of an estimate.

    Parameters
    ----------
    weights, means, sds : array of float, shape (n_components,)
        The part of the prior that is to be questioned; its weights sum to 1.
    estimate, se : float
        The estimate and its standard error, on the prior's scale.

    Returns
    -------
    float
        Twice the smaller tail of the prior-predictive distribution beyond the
        estimate, in [0, 1]. For one normal it is Box's (1980) p-value.

    Raises
    ------
    ValueError
        As for `mixture_posterior`.

    References
    ----------
    Box's prior-predictive p-value 2Φ(−|estimate − mean| / √(sd² + se²)), as given in
    the vignette "Prior-data conflict diagnostics" of the R package bayprior (2026),
    after Box GEP (1980).

    Examples
    --------
    >>> round(conflict_p([1.0], [0.0], [3.0], 9.8, 4.0), 3)
    0.05
    """
    w, m, s = _prior(weights, means, sds, se)
    upper = float((w * scipy.stats.norm.sf(estimate, m, np.hypot(s, se))).sum())
    return float(min(1.0, 2 * min(upper, 1 - upper)))


def _prior(
    weights: ArrayLike, means: ArrayLike, sds: ArrayLike, se: float
) -> tuple[Floats, Floats, Floats]:
    w, m, s = (np.asarray(x, dtype=float) for x in (weights, means, sds))
    if w.ndim != 1 or not w.shape == m.shape == s.shape or not len(w):
        raise ValueError(
            f"weights {w.shape}, means {m.shape} and sds {s.shape}: expected one (k,)"
        )
    if (w <= 0).any() or abs(w.sum() - 1) > 1e-6:
        raise ValueError("weights must be positive and sum to 1")
    if (s <= 0).any() or not se > 0:
        raise ValueError("standard deviations and the standard error must be positive")
    return w, m, s
