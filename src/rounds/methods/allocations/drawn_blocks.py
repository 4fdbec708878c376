"""Permuted blocks that could have been drawn, many at a time."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.design_matrix import without_repeats

__all__ = ["blocks_test", "drawn_blocks"]

Floats = NDArray[np.float64]

_AT_ONCE = 5_000_000
"""Arms that are held in memory."""


def drawn_blocks(
    n: int, block_sizes: tuple[int, ...], draws: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw the arms of the first places of a stratum anew.

    Parameters
    ----------
    n : int
        Places, from the first on.
    block_sizes : tuple of int
        Even; each block's is one of them, with equal chances.
    draws : int

    Returns
    -------
    array of bool, shape (draws, n)
        Whether the place is active; the last block may be open.

    Examples
    --------
    >>> arms = drawn_blocks(6, (2,), 100, np.random.default_rng(1))
    >>> bool((arms.reshape(100, 3, 2).sum(axis=2) == 1).all())
    True
    """
    sizes = np.array(block_sizes)
    if not len(sizes) or (sizes < 2).any() or (sizes % 2).any():
        raise ValueError("block_sizes: even numbers from 2, e.g. (2, 4)")
    chosen = rng.choice(sizes, (draws, -(-n // int(sizes.min())) or 1))
    ends = np.cumsum(chosen, axis=1)
    # As far as any block reaches that holds one of the places.
    width = n + int(sizes.max())
    starts_here = np.zeros((draws, width + int(sizes.max())), dtype=np.int64)
    row = np.arange(draws)[:, None]
    starts_here[row, np.minimum(ends, width)] = 1
    block = np.cumsum(starts_here[:, :width], axis=1)
    first = np.concatenate([np.zeros((draws, 1), np.int64), ends], axis=1)
    held = np.minimum(block, chosen.shape[1] - 1)
    slot = np.arange(width) - np.take_along_axis(first, held, axis=1)
    half = slot < np.take_along_axis(chosen, held, axis=1) // 2
    # Sorted by block and, within it, by chance: places take the slots in that order.
    order = np.argsort(block + rng.random((draws, width)), axis=1)
    arms = np.zeros((draws, width), dtype=bool)
    np.put_along_axis(arms, order, half, axis=1)
    return arms[:, :n]


def blocks_test(
    outcome: ArrayLike,
    active: ArrayLike,
    stratum: ArrayLike,
    place: ArrayLike,
    covariates: ArrayLike,
    *,
    block_sizes: tuple[int, ...],
    draws: int,
    rng: np.random.Generator,
) -> float:
    """Compare a difference between arms with those that other draws would have given.

    Parameters
    ----------
    outcome, active : arrays, shape (n,)
    stratum : array, shape (n,)
        Within which the blocks were drawn.
    place : array of int, shape (n,)
        In the stratum, from 0; places between them are those of others.
    covariates : array of float, shape (n, n_columns)
        Adjusted for by least squares; a constant among them.
    block_sizes : tuple of int
    draws : int
        Allocations that are drawn beside the one that was made.

    Returns
    -------
    float
        Two-sided p-value in (0, 1]: the chance of a coefficient as far from nought, if
        no outcome depended on any arm.

    Raises
    ------
    ValueError
        If shapes differ, a size is not even, or nothing varies.

    Examples
    --------
    >>> y, a = np.arange(8.0), np.array([0, 0, 1, 1] * 2)
    >>> blocks_test(y, a, np.repeat("s", 8), np.arange(8), np.ones((8, 1)),
    ...             block_sizes=(4,), draws=99, rng=np.random.default_rng(1)) > 0.05
    True
    """
    y, arm = np.asarray(outcome, dtype=float), np.asarray(active, dtype=float)
    strata, where = np.asarray(stratum), np.asarray(place)
    X = np.asarray(covariates, dtype=float)
    if not y.shape == arm.shape == strata.shape == where.shape == X.shape[:1]:
        raise ValueError(
            "outcome, active, stratum, place and covariates differ in size"
        )
    if not len(y) or not y.std() or not arm.std():
        raise ValueError("nothing varies that could be compared")
    X, _ = without_repeats(X, 0)
    basis = np.linalg.qr(X)[0]
    left = y - basis @ (basis.T @ y)
    seen = _coefficient(arm[None, :], left, basis)[0]
    n_beyond, done = 0, 0
    while done < draws:
        some = min(draws - done, max(1, _AT_ONCE // len(y)))
        arms = np.zeros((some, len(y)))
        for name in np.unique(strata):
            own = np.flatnonzero(strata == name)
            drawn = drawn_blocks(int(where[own].max()) + 1, block_sizes, some, rng)
            arms[:, own] = drawn[:, where[own]]
        found = _coefficient(arms, left, basis)
        n_beyond += int((np.abs(found) >= abs(seen) * (1 - 1e-12)).sum())
        done += some
    return (1 + n_beyond) / (1 + draws)


def _coefficient(arms: Floats, left: Floats, basis: Floats) -> Floats:
    """Give the arm's coefficient in least squares with the covariates, of each draw."""
    free = (arms**2).sum(axis=1) - ((arms @ basis) ** 2).sum(axis=1)
    return np.asarray((arms @ left) / np.maximum(free, 1e-300))
