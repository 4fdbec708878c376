"""The scales of a trial's effect: which are ratios, and where their effects add."""

import math

__all__ = [
    "additive",
    "distance",
    "from_additive",
    "is_ratio",
    "no_effect",
]

_RATIOS = ("risk_ratio", "odds_ratio", "rate_ratio", "hazard_ratio")


def is_ratio(scale: str) -> bool:
    """Say whether no effect is 1, and not 0.

    Examples
    --------
    >>> is_ratio("odds_ratio"), is_ratio("rmst_difference")
    (True, False)
    """
    return scale in _RATIOS


def no_effect(scale: str) -> float:
    """Give the number that stands for no effect: 1 of a ratio, else 0."""
    return 1.0 if is_ratio(scale) else 0.0


def additive(scale: str, value: float) -> float:
    """Give an effect where effects add: a ratio's logarithm, else itself.

    Raises
    ------
    ValueError
        If a ratio is not above 0.
    """
    return math.log(value) if is_ratio(scale) else value


def from_additive(scale: str, value: float) -> float:
    """Give back the effect that `additive` had turned."""
    return math.exp(value) if is_ratio(scale) else value


def distance(scale: str, threshold: float) -> float:
    """Give how far a threshold lies from no effect, where effects add.

    Of a ratio 0.8 and 1.25 are the same threshold, whichever direction is better.

    Examples
    --------
    >>> distance("risk_difference", 0.02), distance("risk_ratio", 1.0)
    (0.02, 0.0)
    >>> round(distance("risk_ratio", 0.8), 3), round(distance("risk_ratio", 1.25), 3)
    (0.223, 0.223)
    """
    return abs(additive(scale, threshold))
