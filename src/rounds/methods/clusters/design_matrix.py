"""An outcome and its design matrix, looked at before a model is fitted."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["checked_design", "without_repeats"]

_SINGULAR = 1e-9
"""Relative size below which what is left of a column counts as nought."""


def checked_design(
    outcome: ArrayLike, design: ArrayLike, column: int, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give both as arrays, if a coefficient can be asked of them.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        The outcome.
    design : array of float, shape (n_persons, n_columns)
        The covariates.
    column : int
        The column whose coefficient is wanted.
    level : float
        Of its interval, in (0, 1).

    Returns
    -------
    outcome, design : arrays of float

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, the column is not there, the level is
        not within (0, 1), or there are not more persons than columns.
    """
    y = np.asarray(outcome, dtype=float)
    X = np.asarray(design, dtype=float)
    if y.ndim != 1 or X.ndim != 2 or len(X) != len(y):
        raise ValueError(
            f"outcome has shape {y.shape}, design {X.shape}; expected (n,) and (n, p)"
        )
    if not (np.isfinite(y).all() and np.isfinite(X).all()):
        raise ValueError("outcome and design must be finite; leave out missing persons")
    if not 0 <= column < X.shape[1]:
        raise ValueError(f"column {column} is not one of the design's {X.shape[1]}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    if len(y) <= X.shape[1]:
        raise ValueError(f"{len(y)} persons cannot identify {X.shape[1]} columns")
    return y, X


def without_repeats(design: ArrayLike, column: int) -> tuple[NDArray[np.float64], int]:
    """Leave out columns that repeat the ones before them, never the one asked about.

    Parameters
    ----------
    design : array of float, shape (n_persons, n_columns)
        The covariates.
    column : int
        The column whose coefficient is wanted.

    Returns
    -------
    design : array of float, shape (n_persons, n_kept)
    column : int
        Its place among those kept.

    Raises
    ------
    ValueError
        If the column asked about repeats the others.

    Examples
    --------
    >>> X, column = without_repeats([[1, 0, 2], [1, 1, 2], [1, 1, 2]], 1)
    >>> X.shape, column
    ((3, 2), 1)
    """
    X = np.asarray(design, dtype=float)
    order = [i for i in range(X.shape[1]) if i != column] + [column]
    length = np.sqrt((X**2).sum(axis=0))
    length = np.where(length > 0, length, 1.0)
    left = (X.T @ X) / np.outer(length, length)
    kept: list[int] = []
    for i in order:
        # What is left of columns, once those kept before are taken out of them.
        if left[i, i] > _SINGULAR:
            left -= np.outer(left[i], left[i] / left[i, i])
            kept.append(i)
    if column not in kept:
        raise ValueError(
            "the coefficient is not identified: its column repeats the others"
        )
    kept.sort()
    return X[:, kept], kept.index(column)
