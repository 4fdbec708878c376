"""How much of an error may have been spent by a fraction of the information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "HwangShihDeCani",
    "KimDeMets",
    "LanDeMetsOBrienFleming",
    "LanDeMetsPocock",
    "Planned",
    "Spending",
]


class Spending(Protocol):
    """What gives the error spent by each fraction of the information."""

    def __call__(self, fractions: ArrayLike, error: float, /) -> NDArray[np.float64]:
        """Give the error spent, from 0 at fraction 0 to all of it at fraction 1.

        Parameters
        ----------
        fractions : array_like of float
            At least 0; from 1 on everything is spent.
        error : float
            What is spent in all on one side, in (0, 1).

        Returns
        -------
        ndarray of float
            As many as there are fractions, never falling with them.

        Raises
        ------
        ValueError
            If a fraction is below 0 or not a number, or the error not in (0, 1).
        """


@dataclass(frozen=True)
class LanDeMetsOBrienFleming:
    """Almost nothing early: bounds near those of O'Brien and Fleming.

    References
    ----------
    Lan KKG, DeMets DL (1983), Biometrika 70:659-663, as R's gsDesign documents it in
    man/sfLDOF.Rd: 2 − 2Φ(Φ⁻¹(1 − α/2) / √t).

    Examples
    --------
    >>> LanDeMetsOBrienFleming()([0.5, 1.0], 0.025).round(5).tolist()
    [0.00153, 0.025]
    """

    def __call__(self, fractions: ArrayLike, error: float, /) -> NDArray[np.float64]:
        """Give the error spent: see `Spending`."""
        t = _fractions(fractions, error)
        with np.errstate(divide="ignore"):
            return np.asarray(2 * ndtr(ndtri(error / 2) / np.sqrt(t)))


@dataclass(frozen=True)
class LanDeMetsPocock:
    """Nearly evenly: bounds near those of Pocock.

    References
    ----------
    Lan KKG, DeMets DL (1983), Biometrika 70:659-663, as R's gsDesign documents it in
    man/sfLDOF.Rd: α log(1 + (e − 1)t).

    Examples
    --------
    >>> LanDeMetsPocock()([0.5, 1.0], 0.025).round(5).tolist()
    [0.0155, 0.025]
    """

    def __call__(self, fractions: ArrayLike, error: float, /) -> NDArray[np.float64]:
        """Give the error spent: see `Spending`."""
        return np.asarray(error * np.log1p((np.e - 1) * _fractions(fractions, error)))


@dataclass(frozen=True)
class KimDeMets:
    """As a power of the fraction: 1 evenly, 3 near O'Brien and Fleming.

    References
    ----------
    Kim and DeMets (1987), as R's gsDesign documents it in man/sfPower.Rd: α tᵖ.

    Examples
    --------
    >>> KimDeMets(2)([0.5, 1.0], 0.025).tolist()
    [0.00625, 0.025]
    """

    power: float

    def __post_init__(self) -> None:
        """Refuse a power that is not above 0."""
        if not (np.isfinite(self.power) and self.power > 0):
            raise ValueError(f"power is {self.power}; expected a number above 0")

    def __call__(self, fractions: ArrayLike, error: float, /) -> NDArray[np.float64]:
        """Give the error spent: see `Spending`."""
        return np.asarray(error * _fractions(fractions, error) ** self.power)


@dataclass(frozen=True)
class HwangShihDeCani:
    """By an exponential: late where gamma is below 0, evenly at 0, early above.

    References
    ----------
    Hwang, Shih and DeCani (1990), as R's gsDesign documents it in man/sfHSD.Rd:
    α (1 − exp(−γt)) / (1 − exp(−γ)), with γ between −40 and 40.

    Examples
    --------
    >>> HwangShihDeCani(-4)([0.5, 1.0], 0.025).round(5).tolist()
    [0.00298, 0.025]
    """

    gamma: float

    def __post_init__(self) -> None:
        """Refuse a gamma beyond which the exponential has no digits left."""
        if not abs(self.gamma) <= 40:
            raise ValueError(f"gamma is {self.gamma}; expected between -40 and 40")

    def __call__(self, fractions: ArrayLike, error: float, /) -> NDArray[np.float64]:
        """Give the error spent: see `Spending`."""
        t = _fractions(fractions, error)
        if self.gamma == 0:
            return np.asarray(error * t)
        return np.asarray(error * np.expm1(-self.gamma * t) / np.expm1(-self.gamma))


@dataclass(frozen=True)
class Planned:
    """As bounds of a plan spent it, in straight lines between its looks.

    So bounds of O'Brien and Fleming or of Pocock, which are made for the looks of a
    plan, can be held at looks that happen elsewhere.

    References
    ----------
    Any rising function that ends at the whole error keeps it; in straight lines it is
    `sfLinear` of R's gsDesign (man/sfLinear.Rd).

    Examples
    --------
    >>> Planned((0.5, 1.0), (0.2, 1.0))([0.25, 0.5, 0.75], 0.025).round(4).tolist()
    [0.0025, 0.005, 0.015]
    """

    fractions: tuple[float, ...]
    """Of the information at the planned looks, increasing to 1."""
    shares: tuple[float, ...]
    """Of the error spent by each, never falling, up to 1."""

    def __post_init__(self) -> None:
        """Refuse what does not rise to 1."""
        at, share = np.asarray(self.fractions), np.asarray(self.shares)
        if at.shape != share.shape or at.ndim != 1 or not at.size:
            raise ValueError(f"{at.size} fractions for {share.size} shares")
        if not ((np.diff(at, prepend=0) > 0).all() and abs(at[-1] - 1) < 1e-9):
            raise ValueError("planned fractions increase from above 0 to 1")
        if not ((np.diff(share, prepend=0) >= 0).all() and abs(share[-1] - 1) < 1e-6):
            raise ValueError("shares of the error never fall, and end at 1")

    def __call__(self, fractions: ArrayLike, error: float, /) -> NDArray[np.float64]:
        """Give the error spent: see `Spending`."""
        at, share = (0.0, *self.fractions), (0.0, *self.shares[:-1], 1.0)
        return np.asarray(error * np.interp(_fractions(fractions, error), at, share))


def _fractions(fractions: ArrayLike, error: float) -> NDArray[np.float64]:
    t = np.asarray(fractions, dtype=float)
    if not (t >= 0).all():
        raise ValueError("fractions of the information are numbers of at least 0")
    if not 0 < error < 1:
        raise ValueError(f"error is {error}; expected between 0 and 1")
    return np.asarray(np.minimum(t, 1.0))
