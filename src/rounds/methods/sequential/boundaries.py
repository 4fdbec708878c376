"""Bounds at which a trial may stop for an effect at any of several looks: shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from rounds.methods.sequential.exits import as_information, exit_probabilities
from rounds.methods.sequential.spending import Planned

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from rounds.methods.sequential.exits import Exits

__all__ = [
    "Boundaries",
    "Sides",
    "as_planned",
    "checked_alpha",
    "shaped_bounds",
]

Sides = Literal[1, 2]


@dataclass(frozen=True, kw_only=True, eq=False)
class Boundaries:
    """Where the standardised statistic stops a trial, at each look."""

    fractions: NDArray[np.float64]
    """Shape (k,): information at each look, as a share of the planned maximum."""
    upper: NDArray[np.float64]
    """Shape (k,): at or above it an effect is shown; infinite where no error is left
    to spend."""
    lower: NDArray[np.float64]
    """Shape (k,): with two sides, minus the upper bound; with one, where futility is
    declared (minus infinity without futility, and the upper bound at the last look)."""
    alpha: float
    """Type I error of all looks and sides together."""
    sides: Sides
    binding: bool = False
    """Whether alpha is kept only if futility stops the trial whenever it is reached."""
    walk: NDArray[np.float64] | None = None
    """Shape (k,): what grows by independent steps from look to look, so that two looks
    have the correlation √(walk_j / walk_k); the information where it is None."""

    @property
    def nominal(self) -> NDArray[np.float64]:
        """Shape (k,): one-sided p-value of a statistic at its upper bound."""
        return np.asarray(ndtr(-self.upper))

    @property
    def spent(self) -> NDArray[np.float64]:
        """Shape (k,): type I error up to each look, of all sides."""
        return np.asarray(np.cumsum(self.without_futility(0.0).total))

    def exits(self, effect: float) -> Exits:
        """Give the chances of leaving at each look, futility obeyed.

        Parameters
        ----------
        effect : float
            Mean of the statistic at fraction 1.

        Returns
        -------
        Exits
            Above and below, at each look.
        """
        return self.leaving(self.upper, self.lower, effect)

    def leaving(
        self, upper: ArrayLike, lower: ArrayLike | None, effect: float
    ) -> Exits:
        """Give the chances of leaving other bounds at the first of these looks.

        Parameters
        ----------
        upper, lower : array_like of float, shape (m,)
            Of the standardised statistic, at the first m looks; no lower one if None.
        effect : float
            Mean of the statistic at fraction 1.

        Returns
        -------
        Exits
            Above and below, at each of the m looks.
        """
        above = np.asarray(upper, dtype=float)
        below = np.full(above.size, -np.inf) if lower is None else np.asarray(lower)
        t = self.fractions[: above.size]
        if self.walk is None:
            return exit_probabilities(t, upper=above, lower=below, effect=effect)
        # The mean goes with the information and the correlation does not: in the
        # bounds, an effect is a shift.
        shift = effect * np.sqrt(t)
        return exit_probabilities(
            self.walk[: above.size], upper=above - shift, lower=below - shift
        )

    def without_futility(self, effect: float) -> Exits:
        """Give the chances of leaving that keep alpha: futility counts if it binds.

        Parameters
        ----------
        effect : float
            Mean of the statistic at fraction 1.

        Returns
        -------
        Exits
            Below is 0 with one side.
        """
        lower = self.lower if self.sides == 2 or self.binding else None
        found = self.leaving(self.upper, lower, effect)
        if self.sides == 2:
            return found
        return type(found)(above=found.above, below=np.zeros_like(found.below))


def shaped_bounds(
    fractions: ArrayLike, *, alpha: float, sides: Sides = 1, shape: float = 0.0
) -> Boundaries:
    """Give bounds of a fixed shape at planned looks.

    Parameters
    ----------
    fractions : array_like of float, shape (k,)
        Information at each look, as a share of that at the last, which is 1.
    alpha : float
        Type I error of all looks and sides together, in (0, 0.5].
    sides : {1, 2}
        Whether an effect is looked for on one side (above) or on both.
    shape : float
        Bounds are in proportion to t^(shape − ½), between 0 (O'Brien and Fleming) and
        0.5 (Pocock: all the same).

    Returns
    -------
    Boundaries
        Without futility.

    Raises
    ------
    ValueError
        If fractions do not increase to 1, are too close, or another number is out of
        its range.

    Notes
    -----
    The shape belongs to its looks: where they happen elsewhere the error is not kept.
    `as_planned` gives a function to spend by instead.

    References
    ----------
    The Δ class of Wang and Tsiatis, as R's rpact has it as `typeOfDesign = "WT"`; the
    bounds of O'Brien and Fleming and of Pocock are its ends.

    Examples
    --------
    >>> shaped_bounds([0.5, 1], alpha=0.025, shape=0.5).upper.round(3).tolist()
    [2.178, 2.178]
    """
    t = as_information(fractions)
    if abs(t[-1] - 1) > 1e-9:
        raise ValueError(f"the last fraction is {t[-1]}; a shape is fixed up to 1")
    if not 0 <= shape <= 0.5:
        raise ValueError(f"shape is {shape}; expected between 0 and 0.5")
    side = checked_alpha(alpha, sides) / sides
    relative = t ** (shape - 0.5)

    def excess(height: float) -> float:
        upper = height * relative
        lower = -upper if sides == 2 else None
        return float(exit_probabilities(t, upper=upper, lower=lower).above.sum()) - side

    # One look alone would need the first; the second is Bonferroni's.
    ends = -float(ndtri(side)) - 1e-6, -float(ndtri(side / t.size)) + 1e-6
    upper = brentq(excess, *ends, xtol=1e-12) * relative
    lower = -upper if sides == 2 else np.full(t.size, -np.inf)
    return Boundaries(fractions=t, upper=upper, lower=lower, alpha=alpha, sides=sides)


def as_planned(plan: Boundaries) -> Planned:
    """Give the way of spending that a plan's bounds amount to.

    Parameters
    ----------
    plan : Boundaries
        At planned looks, the last at fraction 1.

    Returns
    -------
    Planned
        At the planned looks `spending_bounds` gives the plan's own bounds with it.

    Raises
    ------
    ValueError
        If the plan does not end at fraction 1.

    Examples
    --------
    >>> from rounds.methods.sequential.spent_bounds import spending_bounds
    >>> plan = shaped_bounds([0.5, 1], alpha=0.025, shape=0.5)
    >>> held = spending_bounds([0.6, 1], as_planned(plan), alpha=0.025)
    >>> held.upper.round(3).tolist()
    [2.126, 2.199]
    """
    spent = plan.spent
    shares = spent / spent[-1]
    return Planned(tuple(plan.fractions.tolist()), tuple(shares.tolist()))


def checked_alpha(alpha: float, sides: Sides) -> float:
    """Give alpha, if it and the number of sides can be used.

    Parameters
    ----------
    alpha : float
        In (0, 0.5].
    sides : {1, 2}
        Of the test.

    Returns
    -------
    float
        The same alpha.

    Raises
    ------
    ValueError
        If one is out of its range.
    """
    if not 0 < alpha <= 0.5:
        raise ValueError(f"alpha is {alpha}; expected above 0 and at most 0.5")
    if sides not in {1, 2}:
        raise ValueError(f"sides are {sides}; expected 1 or 2")
    return float(alpha)
