"""What bounds cost and what they save: power, most and expected information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Callable

    from rounds.methods.sequential.boundaries import Boundaries

__all__ = [
    "Characteristics",
    "characteristics",
    "effect_for_power",
    "expected_information",
    "falling_root",
]


@dataclass(frozen=True, kw_only=True)
class Characteristics:
    """A design with several looks, against one with a single look."""

    effect: float
    """Mean of the statistic at fraction 1, at which the power is reached."""
    power: float
    """Chance of stopping above, futility obeyed."""
    inflation: float
    """Maximum information over that of one look with the same error and power."""
    expected_null: float
    """Expected information under no effect, over that of one look."""
    expected_between: float
    """The same under half of the effect."""
    expected_effect: float
    """The same under the effect."""


def effect_for_power(plan: Boundaries, power: float) -> float:
    """Give the effect that is shown with a wanted power.

    Parameters
    ----------
    plan : Boundaries
        With or without futility, which is obeyed.
    power : float
        Above the error of one side, and below 1.

    Returns
    -------
    float
        Mean of the statistic at fraction 1. Only stopping above counts, with two sides
        as well.

    Raises
    ------
    ValueError
        If the power is out of its range.

    Examples
    --------
    >>> from rounds.methods.sequential.boundaries import shaped_bounds
    >>> round(effect_for_power(shaped_bounds([1], alpha=0.025), 0.9), 2)
    3.24
    """
    side = plan.alpha / plan.sides
    if not side < power < 1:
        raise ValueError(f"power is {power}; expected between {side:g} and 1")
    start = float(ndtri(power) - ndtri(side)) / np.sqrt(plan.fractions[-1])
    return falling_root(lambda e: power - float(plan.exits(e).above.sum()), start)


def expected_information(plan: Boundaries, effect: float) -> float:
    """Give the information at which the trial stops, on average.

    Parameters
    ----------
    plan : Boundaries
        With or without futility, which is obeyed.
    effect : float
        Mean of the statistic at fraction 1.

    Returns
    -------
    float
        As a share of the planned maximum.

    Examples
    --------
    >>> from rounds.methods.sequential.boundaries import shaped_bounds
    >>> plan = shaped_bounds([0.5, 1], alpha=0.025, shape=0.5)
    >>> round(expected_information(plan, 3.24), 2)
    0.73
    """
    stops = plan.exits(effect).total[:-1]
    t = plan.fractions
    return float(t[-1] - stops @ (t[-1] - t[:-1]))


def characteristics(
    plan: Boundaries, *, power: float, effect: float | None = None
) -> Characteristics:
    """Compare a design with one that has a single look, the same error and power.

    Parameters
    ----------
    plan : Boundaries
        With or without futility, which is obeyed.
    power : float
        Above the error of one side, and below 1.
    effect : float, optional
        At which it is reached, if that is known already.

    Returns
    -------
    Characteristics
        With the maximum-information inflation factor.

    Raises
    ------
    ValueError
        If the power is out of its range.

    References
    ----------
    As R's rpact documents and computes them in `getDesignCharacteristics`.

    Examples
    --------
    >>> from rounds.methods.sequential.boundaries import shaped_bounds
    >>> found = characteristics(shaped_bounds([0.5, 1], alpha=0.025), power=0.8)
    >>> round(found.inflation, 3), round(found.expected_effect, 3)
    (1.008, 0.902)
    """
    at = effect_for_power(plan, power) if effect is None else effect
    fixed = float(ndtri(power) - ndtri(plan.alpha / plan.sides)) ** 2
    inflation = at**2 / fixed
    null, between, full = (
        inflation * expected_information(plan, e) for e in (0.0, at / 2, at)
    )
    return Characteristics(
        effect=at,
        power=float(plan.exits(at).above.sum()),
        inflation=inflation,
        expected_null=null,
        expected_between=between,
        expected_effect=full,
    )


def falling_root(excess: Callable[[float], float], start: float) -> float:
    """Find where a function of the effect, above 0 at effect 0, falls through 0.

    Parameters
    ----------
    excess : callable
        Of one effect.
    start : float
        A guess, above 0.

    Returns
    -------
    float
        The effect.

    Raises
    ------
    ValueError
        If it is not above 0 at effect 0, or still above 0 far beyond the guess.

    Examples
    --------
    >>> round(falling_root(lambda effect: 3 - effect, 1.0), 9)
    3.0
    """
    low, high = 0.0, start
    if not excess(low) > 0:
        raise ValueError("no effect at all already does what is wanted")
    for _ in range(12):
        if excess(high) <= 0:
            return float(brentq(excess, low, high, xtol=1e-11))
        low, high = high, 1.5 * high
    raise ValueError("no effect does what is wanted")
