"""Allocations of known units to two arms, and how well each balances covariates."""

import itertools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rounds.methods.allocations.pairing import standardised

__all__ = [
    "admitted_up_to",
    "all_allocations",
    "drawn_allocations",
    "imbalance",
    "n_allocations",
    "together",
]

Floats = NDArray[np.float64]
Arms = NDArray[np.bool_]


def n_allocations(strata: ArrayLike) -> int:
    """Count the allocations that halve every stratum, odd ones either way.

    Examples
    --------
    >>> n_allocations([0, 0, 0, 0, 1, 1, 1])
    36
    """
    return math.prod(
        math.comb(n, n // 2) * (1 + n % 2) for n in _members(strata).values()
    )


def all_allocations(strata: ArrayLike) -> Arms:
    """List every allocation that halves every stratum.

    Parameters
    ----------
    strata : array, shape (n_units,)

    Returns
    -------
    ndarray of bool, shape (n_allocations, n_units)
        True for the first arm. The order is the same wherever it is run.
    """
    labels = np.asarray(strata)
    ways = []
    for stratum, n in _members(labels).items():
        places = np.flatnonzero(labels == stratum)
        sizes = {n // 2, n - n // 2}
        ways.append(
            [
                chosen
                for size in sorted(sizes)
                for chosen in itertools.combinations(places.tolist(), size)
            ]
        )
    found = np.zeros((n_allocations(labels), len(labels)), dtype=bool)
    for row, chosen in enumerate(itertools.product(*ways)):
        found[row, [place for part in chosen for place in part]] = True
    return found


def drawn_allocations(strata: ArrayLike, numbers: ArrayLike) -> Arms:
    """Make allocations that halve every stratum from random numbers.

    Parameters
    ----------
    strata : array, shape (n_units,)
    numbers : array of uint64, shape (n_draws, n_units + n_strata)
        The order of a stratum's numbers is the order of its units, whose first half
        is in the first arm; the last columns say which half of an odd stratum is the
        larger.

    Returns
    -------
    ndarray of bool, shape (n_different, n_units)
        Each allocation once, in a fixed order.
    """
    labels, random = np.asarray(strata), np.asarray(numbers, dtype=np.uint64)
    found = np.zeros((len(random), len(labels)), dtype=bool)
    for column, (stratum, n) in enumerate(_members(labels).items()):
        places = np.flatnonzero(labels == stratum)
        order = np.argsort(np.argsort(random[:, places], axis=1, kind="stable"), axis=1)
        more = (random[:, len(labels) + column] & np.uint64(1)) * (n % 2)
        found[:, places] = order < (n // 2 + more.astype(int))[:, None]
    different: Arms = np.unique(found, axis=0)
    return different


def imbalance(allocations: ArrayLike, covariates: ArrayLike) -> Floats:
    """Score allocations by the l2 metric: 0 where every covariate balances.

    Parameters
    ----------
    allocations : array of bool, shape (n_allocations, n_units)
    covariates : array of float, shape (n_units, n_covariates)

    Returns
    -------
    ndarray, shape (n_allocations,)
        The sum over covariates of the squared total, in the first arm, of the
        standardised covariate; with arms of equal size it is proportional to Raab and
        Butcher's B with inverse variances as weights.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or no covariate varies.

    References
    ----------
    Raab GM, Butcher I (2001). Balance in cluster randomized trials. Statistics in
    Medicine 20:351-365 (as cited there). Read in code: R package cvcrand 0.1.1,
    R/cvrall.R, `balancemetric = "l2"`.

    Examples
    --------
    >>> scores = imbalance([[True, True, False, False], [True, False, False, True]],
    ...                    [[1.0], [2.0], [3.0], [4.0]])
    >>> scores.round(3).tolist()
    [2.4, 0.0]
    """
    arms, z = np.asarray(allocations, dtype=float), standardised(covariates)
    if arms.ndim != 2 or arms.shape[1] != len(z):
        raise ValueError(
            f"allocations have shape {arms.shape}, covariates are of {len(z)} units"
        )
    if not z.shape[1]:
        raise ValueError("no covariate varies between the units")
    scores: Floats = ((arms @ z) ** 2).sum(axis=1)
    return scores


def admitted_up_to(scores: ArrayLike, fraction: float) -> float:
    """Give the score up to which the best fraction of allocations is admitted.

    Parameters
    ----------
    fraction : float
        In (0, 1]. Those that tie with the last are admitted too: an allocation and
        its mirror image always tie, so that neither arm is favoured.

    Examples
    --------
    >>> admitted_up_to([0.0, 0.0, 2.4, 2.4, 6.4, 6.4], 1 / 3)
    0.0
    """
    ranked = np.sort(np.asarray(scores, dtype=float))
    if not len(ranked) or not 0 < fraction <= 1:
        raise ValueError("at least one score is needed, and a fraction in (0, 1]")
    last = ranked[max(1, math.floor(len(ranked) * fraction + 1e-9)) - 1]
    # Rounding must not part an allocation from its mirror image.
    return float(last * (1 + 1e-9) + 1e-12) if last > 1e-12 else float(max(last, 0.0))


def together(allocations: ArrayLike) -> Floats:
    """Give, for every two units, how often they share an arm.

    Returns
    -------
    ndarray, shape (n_units, n_units)
        Shares in [0, 1]; 1 on the diagonal. Pairs at 0 or 1 are never compared with
        each other, or always: randomisation does not tell them apart.

    References
    ----------
    Moulton LH (2004). Covariate-based constrained randomization of group-randomized
    trials. Clinical Trials 1:297-305 (validity of a design, as cited by cvcrand).
    """
    arms = np.asarray(allocations, dtype=float)
    both = arms.T @ arms + (1 - arms).T @ (1 - arms)
    shares: Floats = both / len(arms)
    return shares


def _members(strata: ArrayLike) -> dict[object, int]:
    names, counts = np.unique(np.asarray(strata), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
