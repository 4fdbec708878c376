"""What every chart asks of its numbers before it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["events_of", "exposures_of", "numbers_of"]


def numbers_of(
    values: ArrayLike, name: str = "values", *, fewest: int = 1
) -> NDArray[np.float64]:
    """Give values as an array of float, each of them a number.

    Raises
    ------
    ValueError
        If there are too few, they have more than one dimension, cannot be read as
        numbers, or are not all finite.
    """
    try:
        x = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} are numbers, one for each point") from None
    if x.ndim != 1 or x.size < fewest:
        raise ValueError(
            f"{name} have the shape {x.shape}; expected is ({fewest} or more,)"
        )
    if not np.isfinite(x).all():
        raise ValueError(
            f"{(~np.isfinite(x)).sum()} of {x.size} {name} are not finite numbers"
        )
    return x


def events_of(values: ArrayLike, name: str = "events") -> NDArray[np.float64]:
    """Give counts: whole numbers, none below 0.

    Raises
    ------
    ValueError
        As `numbers_of`; or if one is negative or not whole.
    """
    x = numbers_of(values, name)
    if (x < 0).any() or (x != np.round(x)).any():
        raise ValueError(f"{name} are counts: whole numbers, none below 0")
    return x


def exposures_of(values: ArrayLike, n: int, name: str) -> NDArray[np.float64]:
    """Give what events were counted over: numbers above 0, one for each of n points.

    Raises
    ------
    ValueError
        As `numbers_of`; or if one is 0 or below, or there are not n of them.
    """
    x = numbers_of(values, name)
    if x.size != n:
        raise ValueError(f"{x.size} {name} for {n} points")
    if (x <= 0).any():
        raise ValueError(
            f"{(x <= 0).sum()} of {n} {name} are 0 or below; a rate needs something "
            "to be a rate of"
        )
    return x
