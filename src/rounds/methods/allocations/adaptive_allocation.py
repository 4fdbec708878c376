"""Response-adaptive allocation: chances of the arms from how likely each is the best.

Chances follow a posterior probability, tempered by a power below 1 and held away from
nought; the estimate goes epoch by epoch, an epoch being a stretch of patients whose
chances were the same, so that time alone cannot look like an effect.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Rule",
    "allocation_probabilities",
    "epoch_columns",
    "in_both_arms",
    "tempering",
]

Rule = Literal["square_root", "information"]
"""By which power of it chances follow a posterior probability."""

FEWEST = 2
"""Persons of an arm that an epoch needs: with one there is no variance."""


def tempering(rule: Rule, fraction: ArrayLike) -> NDArray[np.float64]:
    """Give the power to which posterior probabilities are raised.

    Parameters
    ----------
    rule : {"square_root", "information"}
        One half throughout; or half of the share of the information that there is, so
        that chances move little while little is known.
    fraction : array_like of float, shape (…,)
        Information as a share of what is planned, above 0; more than all counts as all.

    Returns
    -------
    ndarray of float, shape (…,)
        In (0, 0.5].

    Raises
    ------
    ValueError
        If the rule is unknown or the fraction is not above 0.

    References
    ----------
    Thall PF, Wathen JK (2007). Practical Bayesian adaptive randomisation in clinical
    trials. European Journal of Cancer 43:859-866, PMC2030491: the power n/(2N) of n
    patients of N. With as many patients in each arm, information is n/N.

    Examples
    --------
    >>> tempering("square_root", [0.3]), tempering("information", [0.3])
    (array([0.5]), array([0.15]))
    """
    share = np.asarray(fraction, dtype=float)
    if not (share > 0).all():
        raise ValueError("fraction holds shares of information, above 0")
    if rule == "square_root":
        return np.full(share.shape, 0.5)
    if rule == "information":
        return np.asarray(np.minimum(share, 1.0) / 2)
    raise ValueError(f"rule is {rule!r}; expected 'square_root' or 'information'")


def allocation_probabilities(
    best: ArrayLike, *, power: float = 0.5, least: ArrayLike = 0.0
) -> NDArray[np.float64]:
    """Give each arm's chance from the probabilities that it is the best.

    Parameters
    ----------
    best : array_like of float, shape (…, k)
        Posterior probabilities in [0, 1], 1 together over the last axis.
    power : float
        In [0, 1]: 1 is Thompson sampling, 0 gives all arms the same chance.
    least : array_like of float, shape () or (k,)
        Below which no arm's chance falls; k arms' together at most 1. Arms that would
        are given it, and the others share what is left as they were, in proportion.

    Returns
    -------
    ndarray of float, shape (…, k)
        Chances, 1 together.

    Raises
    ------
    ValueError
        If probabilities, power or least chances are impossible.

    References
    ----------
    `reallocate_probs` of R's adaptr, whose tests give the numbers that ours are held
    to: raised to a power, scaled, and corrected until all are within their limits.

    Examples
    --------
    >>> allocation_probabilities([0.9, 0.1]).round(3).tolist()
    [0.75, 0.25]
    >>> allocation_probabilities([0.999, 0.001], least=0.1).round(3).tolist()
    [0.9, 0.1]
    """
    p = np.asarray(best, dtype=float)
    floor = np.broadcast_to(np.asarray(least, dtype=float), p.shape[-1:] or (1,))
    if p.ndim < 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("best holds probabilities, in [0, 1]")
    if not np.allclose(p.sum(axis=-1), 1, atol=1e-6):
        raise ValueError("best sums to 1 over its last axis")
    if not 0 <= power <= 1:
        raise ValueError(f"power is {power}; expected 0 to 1")
    if (floor < 0).any() or floor.sum() > 1 + 1e-12:
        raise ValueError("least chances are at least 0, and together at most 1")
    raised = p**power
    chances = raised / raised.sum(axis=-1, keepdims=True)
    held = np.zeros(p.shape, dtype=bool)
    for _ in range(p.shape[-1]):
        below = ~held & (chances < floor)
        if not below.any():
            break
        held |= below
        free = np.where(held, 0.0, chances)
        left = 1 - np.where(held, floor, 0.0).sum(axis=-1, keepdims=True)
        total = free.sum(axis=-1, keepdims=True)
        share = np.divide(free, total, out=np.zeros_like(free), where=total > 0)
        chances = np.where(held, floor, share * left)
    # Where every arm is held, what is left over is shared out.
    return np.asarray(chances / chances.sum(axis=-1, keepdims=True))


def in_both_arms(
    active: ArrayLike, epoch: ArrayLike, *, fewest: int = FEWEST
) -> NDArray[np.bool_]:
    """Say whose epoch has both arms, and so tells of the effect.

    Parameters
    ----------
    active : array_like of bool, shape (n_persons,)
    epoch : array_like, shape (n_persons,)
        Names or numbers.
    fewest : int
        Persons of either arm that an epoch needs.

    Returns
    -------
    ndarray of bool, shape (n_persons,)

    Raises
    ------
    ValueError
        If shapes differ.

    Examples
    --------
    >>> in_both_arms([1, 1, 0, 0, 1], [0, 0, 0, 0, 1]).tolist()
    [True, True, True, True, False]
    """
    arm, codes, n = _coded(active, epoch)
    with_it = np.bincount(codes, weights=arm, minlength=n)
    without = np.bincount(codes, weights=~arm, minlength=n)
    return np.asarray((np.minimum(with_it, without) >= fewest)[codes], dtype=bool)


def epoch_columns(active: ArrayLike, epoch: ArrayLike) -> list[NDArray[np.float64]]:
    """Give the columns that let the effect differ between epochs, around its mean.

    Beside a constant, the arm, and an indicator of each epoch but the first, the
    arm's coefficient then is the average of the epochs' differences by their numbers of
    persons: whatever the chances of the arms were, as a trial of those enrolled asks.
    Indicators alone would weigh epochs by how even their arms are, and so by what
    earlier outcomes made of the chances.

    Parameters
    ----------
    active : array_like of bool, shape (n_persons,)
    epoch : array_like, shape (n_persons,)

    Returns
    -------
    list of ndarray of float, shape (n_persons,)
        One for each epoch but the first.

    Raises
    ------
    ValueError
        If shapes differ.

    References
    ----------
    Lin W (2013). Agnostic notes on regression adjustments to experimental data.
    Annals of Applied Statistics 7:295-318, arXiv:1208.2301: interactions with centred
    covariates. Cited for the idea; that the coefficient is the weighted average is
    algebra, and tested.

    Examples
    --------
    >>> [abs(c).tolist() for c in epoch_columns([1, 0, 1, 0], [0, 0, 1, 1])]
    [[0.5, 0.0, 0.5, 0.0]]
    """
    arm, codes, n = _coded(active, epoch)
    members = [(codes == one).astype(float) for one in range(1, n)]
    return [arm * (member - member.mean()) for member in members]


def _coded(
    active: ArrayLike, epoch: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.intp], int]:
    arm, named = np.asarray(active, dtype=bool), np.asarray(epoch)
    if arm.ndim != 1 or arm.shape != named.shape:
        raise ValueError(
            f"active has shape {arm.shape}, epoch {named.shape}; expected one (n,)"
        )
    names, codes = np.unique(named, return_inverse=True)
    return arm, codes, len(names)
