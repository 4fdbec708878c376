"""Times until an event, some of them cut short: looked at before they are used."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["checked_times"]


def checked_times(
    time: ArrayLike, event: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give both as arrays, if they can be times and events.

    Parameters
    ----------
    time : array of float, shape (n_persons,)
        From time zero until the event, or until a person was last seen without it.
    event : array, shape (n_persons,)
        1 (or true) where the time ends with the event, 0 where it was cut short.

    Returns
    -------
    time : array of float
    event : array of bool

    Raises
    ------
    ValueError
        If shapes differ, nobody is there, a time is negative or not finite, or an
        event is neither 0 nor 1.
    """
    t = np.asarray(time, dtype=float)
    d = np.asarray(event, dtype=float)
    if t.ndim != 1 or t.shape != d.shape or not len(t):
        raise ValueError(
            f"time has shape {t.shape}, event {d.shape}; expected (n,) twice, n > 0"
        )
    if not np.isfinite(t).all():
        raise ValueError("times must be finite; leave out persons without one")
    if (t < 0).any():
        raise ValueError(f"{int((t < 0).sum())} times are negative")
    if not np.isin(d, (0, 1)).all():
        raise ValueError("an event is 0 or 1")
    return t, d == 1
