"""Pairs of units that are as alike as can be: optimal non-bipartite matching."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, sparse

__all__ = ["optimal_pairs", "standardised"]

Floats = NDArray[np.float64]


def standardised(characteristics: ArrayLike) -> Floats:
    """Centre each column and divide it by its standard deviation.

    Parameters
    ----------
    characteristics : array of float, shape (n_units, n_columns)

    Returns
    -------
    ndarray, shape (n_units, n_varying)
        Without the columns that do not vary.

    Raises
    ------
    ValueError
        If it is not two-dimensional, is empty, or a number is not finite.
    """
    x = np.asarray(characteristics, dtype=float)
    if x.ndim != 2 or len(x) < 2 or not np.isfinite(x).all():
        raise ValueError(
            f"characteristics have shape {x.shape}; expected (n, p) with at least two "
            "units, all finite"
        )
    x = x - x.mean(axis=0)
    size = x.std(axis=0, ddof=1)
    varies = size > 1e-12 * np.maximum(1.0, np.abs(x).max(axis=0))
    found: Floats = x[:, varies] / size[varies]
    return found


def optimal_pairs(
    characteristics: ArrayLike,
) -> tuple[list[tuple[int, int]], int | None]:
    """Pair units so that the pairs' distances are, together, as small as can be.

    Parameters
    ----------
    characteristics : array of float, shape (n_units, n_columns)
        What is known of each unit; the distance is Euclid's between standardised
        columns.

    Returns
    -------
    pairs : list of (int, int)
        Places of the two of each pair, the smaller first, in order of it.
    odd : int or None
        The unit without a partner where their number is odd: the one whose leaving
        lets the others be paired best.

    Raises
    ------
    ValueError
        As `standardised`.

    References
    ----------
    Greevy R, Lu B, Silber JH, Rosenbaum P (2004). Optimal multivariate matching before
    randomization. Biostatistics 5:263-275 (its abstract). DOI
    10.1093/biostatistics/5.2.263. Solved as an integer programme by HiGHS: each unit
    is in exactly one pair, an odd one with a phantom at no distance from anybody.

    Examples
    --------
    >>> optimal_pairs([[0.0], [9.0], [0.1], [8.0], [4.0]])
    ([(0, 2), (1, 3)], 4)
    """
    x = standardised(characteristics)
    n = len(x)
    places = n + n % 2
    first, second = np.triu_indices(places, 1)
    distance = np.zeros(len(first))
    real = second < n
    distance[real] = np.sqrt(((x[first[real]] - x[second[real]]) ** 2).sum(axis=1))
    edge = np.arange(len(first))
    incidence = sparse.csr_array(
        (np.ones(2 * len(edge)), (np.r_[first, second], np.r_[edge, edge])),
        shape=(places, len(edge)),
    )
    solved = optimize.milp(
        distance,
        integrality=np.ones(len(edge)),
        bounds=optimize.Bounds(0, 1),
        constraints=optimize.LinearConstraint(incidence, 1, 1),
        options={"mip_rel_gap": 0.0},
    )
    if solved.x is None:
        raise ValueError(f"the units cannot be paired: {solved.message}")
    chosen = solved.x > 0.5
    pairs = [
        (int(a), int(b)) for a, b in zip(first[chosen], second[chosen], strict=True)
    ]
    odd = next((a for a, b in pairs if b == n), None)
    return [pair for pair in pairs if pair[1] < n], odd
