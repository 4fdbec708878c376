"""Arithmetic modulo a prime in float64, exact, and sketches of sums over persons."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_SUMMED", "N_SKETCHES", "reciprocal", "residue", "sketch"]

_PRIME = 1_048_573
MOST_SUMMED = 2**13
"""So many products of two residues may be summed: the prime is below 2^20, so that the
sum is below 2^53 and exact."""
N_SKETCHES = 6
_MIXING = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""The finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""

Numbers = NDArray[np.float64]


def residue(numbers: Numbers) -> Numbers:
    """Give the residues nearest to zero.

    Parameters
    ----------
    numbers : array
        Whole numbers below 2^53.

    Returns
    -------
    array, of the same shape

    Examples
    --------
    >>> residue(np.array([1_048_573.0, 1_048_575.0, -3.0])).tolist()
    [0.0, 2.0, -3.0]
    """
    residues: Numbers = numbers - _PRIME * np.rint(numbers * (1.0 / _PRIME))
    return residues


def reciprocal(number: float) -> float:
    """Give the number whose product with this one leaves 1.

    Raises
    ------
    ValueError
        If the number is a multiple of the prime.

    Examples
    --------
    >>> residue(np.array(7 * reciprocal(7))).tolist()
    1.0
    """
    return float(residue(np.array(float(pow(int(number), -1, _PRIME)))))


def sketch(keys: NDArray[np.uint64], weights: NDArray[np.int32]) -> Numbers:
    """Sum each person's own pseudo-random numbers, weighted.

    Two different sums have the same sketch with a probability of about 10^-36.

    Parameters
    ----------
    keys : array of uint64, shape (n,)
        The persons.
    weights : array of int32, shape (n,)
        What each counts.

    Returns
    -------
    array, shape (6,)
    """
    sums = np.empty(N_SKETCHES)
    for i in range(N_SKETCHES):
        mixed = keys + np.uint64((i + 1) * 0x9E3779B97F4A7C15 % 2**64)
        for shift, factor in _MIXING:
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        own = residue((mixed >> np.uint64(40)).astype(float))
        sums[i] = residue(residue(own * weights).sum(keepdims=True))[0]
    return sums
