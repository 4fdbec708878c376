"""Are the arms the sizes that the randomisation intended?"""

from collections.abc import Mapping

import scipy

__all__ = ["arm_ratio", "blocks_permit", "loss_by_arm"]


def arm_ratio(n_active: int, n_silent: int, expected: float = 0.5) -> float:
    """Give the exact two-sided binomial p-value of the split of randomised units.

    Parameters
    ----------
    n_active, n_silent : int
        Units of each arm, counted at the unit that was randomised.
    expected : float
        The intended share of the active arm, in (0, 1).

    Returns
    -------
    float
        In [0, 1]. 1 where there are no units. Conservative where units were
        allocated in blocks, which keep the split closer than chance would.

    Raises
    ------
    ValueError
        If a count is negative or the share is not between 0 and 1.

    Examples
    --------
    >>> round(arm_ratio(31, 9), 5)
    0.00068
    """
    if n_active < 0 or n_silent < 0 or not 0 < expected < 1:
        raise ValueError(
            f"got {n_active} and {n_silent} units and a share of {expected}; expected "
            "counts of at least 0 and a share between 0 and 1"
        )
    if n_active + n_silent == 0:
        return 1.0
    return float(scipy.stats.binomtest(n_active, n_active + n_silent, expected).pvalue)


def loss_by_arm(
    lost_active: int, n_active: int, lost_silent: int, n_silent: int
) -> float:
    """Give Fisher's exact two-sided p-value that units were lost equally by arm.

    Parameters
    ----------
    lost_active, lost_silent : int
        Allocated units that contribute nobody.
    n_active, n_silent : int
        Allocated units.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If more units are lost than were allocated, or a count is negative.

    Examples
    --------
    >>> loss_by_arm(0, 20, 0, 20)
    1.0
    """
    if not (0 <= lost_active <= n_active and 0 <= lost_silent <= n_silent):
        raise ValueError(
            f"lost {lost_active} of {n_active} and {lost_silent} of {n_silent}: "
            "losses lie between 0 and the units allocated"
        )
    table = [
        [lost_active, n_active - lost_active],
        [lost_silent, n_silent - lost_silent],
    ]
    return float(scipy.stats.fisher_exact(table).pvalue)


def blocks_permit(arms: Mapping[str, tuple[int, int]], largest_block: int) -> bool:
    """Say whether permuted blocks could have given these arms, stratum by stratum.

    Parameters
    ----------
    arms : mapping of stratum to (n_active, n_silent)
        Units allocated in each stratum.
    largest_block : int
        The largest block size; only the last block of a stratum can be open, and
        an open block is off balance by at most half its size.

    Returns
    -------
    bool
        False where some stratum is further off balance than any schedule allows:
        then the allocation is certainly not the one that was designed.

    Raises
    ------
    ValueError
        If the block size is not even and at least 2.

    Examples
    --------
    >>> blocks_permit({"small": (10, 9), "large": (8, 10)}, 4)
    True
    >>> blocks_permit({"all": (14, 6)}, 4)
    False
    """
    if largest_block < 2 or largest_block % 2:
        raise ValueError(f"largest_block is {largest_block}; expected 2, 4, 6, …")
    return all(abs(a - s) <= largest_block // 2 for a, s in arms.values())
