"""Which chart fits, and why, from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.spc.attributes import p_prime_chart, u_prime_chart
from rounds.methods.spc.chart import Kind
from rounds.methods.spc.checks import events_of, exposures_of, numbers_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["Proposal", "propose_counts", "propose_values"]

_SPREAD = 0.909
"""Standard error of sigma_z with n points where chance alone acts, times √(n − 1)."""
_RARE = 1.0
"""Below this mean count most points of a chart of counts would be 0."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A chart, and the reason in a sentence."""

    kind: Kind
    reason: str


def propose_counts(
    events: ArrayLike,
    denominators: ArrayLike | None = None,
    *,
    season: ArrayLike | None = None,
) -> Proposal:
    """Say which chart suits counts of events.

    Proportions where no count is above its denominator and denominators are whole,
    else rates; Laney's limits where points vary by more than chance: sigma_z above
    1 + 1.645 × 0.909 / √(n − 1), which chance alone exceeds in about one series of 20.

    Parameters
    ----------
    events : array_like of int, shape (n,)
        In order of time.
    denominators : array_like of float, shape (n,), optional
        What they were counted among; where not given, the same for every point.
    season : array_like, shape (n,), optional
        The season of each point, so that what varies by season is not taken for
        variation by more than chance.

    Returns
    -------
    Proposal
        p, p′, u, u′, c, or XmR where counts without denominators vary by more than
        chance.

    Raises
    ------
    ValueError
        If events are not counts, a denominator is 0 or below, or there was no event.

    References
    ----------
    .. [1] The mean of n − 1 moving ranges of standard normal values has the variance
       (0.7268 + 2 × 0.1625) / (n − 1), nearly, whose root over 1.128 is 0.909 /
       √(n − 1); the rate of false choices is tested.

    Examples
    --------
    >>> propose_counts([4, 6, 5, 3], [50, 52, 49, 50]).kind
    'p'
    """
    x = events_of(events)
    if not x.any():
        raise ValueError("there was no event at all; there is nothing to chart")
    if denominators is None:
        return _counts_alone(x)
    n = exposures_of(denominators, x.size, "denominators")
    share = bool((x <= n).all() and (n == np.round(n)).all())
    if share and (x == n).all():
        raise ValueError("all had the event in every subgroup; there is no variation")
    plain: Kind = "p" if share else "u"
    what = (
        "Each count is part of its denominator, so these are proportions"
        if share
        else "Counts are not parts of their denominators, so these are rates"
    )
    if x.size < 3:
        return Proposal(kind=plain, reason=f"{what}.")
    chart = p_prime_chart if share else u_prime_chart
    sigma_z = chart(x, n, season=season).sigma_z
    most = _most(x.size)
    if sigma_z > most:
        prime: Kind = "p_prime" if share else "u_prime"
        return Proposal(
            kind=prime,
            reason=f"{what}, and neighbours differ {sigma_z:.2f} times as much as "
            f"chance alone would have them (more than {most:.2f}), so limits are "
            "widened as Laney does.",
        )
    return Proposal(
        kind=plain,
        reason=f"{what}, and neighbours differ {sigma_z:.2f} times as much as chance "
        f"alone would have them (not more than {most:.2f}).",
    )


def propose_values(values: ArrayLike, *, n_subgroups: int | None = None) -> Proposal:
    """Say which chart suits measurements.

    Parameters
    ----------
    values : array_like of float, shape (n_values,)
        In order of time.
    n_subgroups : int, optional
        How many points of time they were taken at; one each where not given.

    Returns
    -------
    Proposal
        XmR for one value at a time, X̄ for two or more at each.

    Raises
    ------
    ValueError
        If a value is not a finite number.

    Examples
    --------
    >>> propose_values([3.2, 4.1, 3.9]).kind
    'xmr'
    """
    x = numbers_of(values, fewest=2)
    if n_subgroups is not None and n_subgroups < x.size:
        return Proposal(
            kind="xbar",
            reason=f"There are {x.size} values at {n_subgroups} "
            f"{'point' if n_subgroups == 1 else 'points'} of time, so "
            "their means are charted, with limits from the spread within them.",
        )
    return Proposal(
        kind="xmr",
        reason="There is one value at each point of time, so values are charted with "
        "limits from the distances between neighbours.",
    )


def _counts_alone(x: np.ndarray) -> Proposal:
    mean = float(x.mean())
    if mean < _RARE:
        return Proposal(
            kind="c",
            reason=f"These are counts over equal stretches, {mean:.2f} on average; "
            "events so rare show more on a chart of the gaps between them (g or t).",
        )
    moved = np.abs(np.diff(x)).mean() / (1.128 * np.sqrt(mean)) if x.size > 2 else 1.0
    if moved > _most(x.size):
        return Proposal(
            kind="xmr",
            reason="These are counts without denominators, and neighbours differ "
            f"{moved:.2f} times as much as chance alone would have them, so limits "
            "come from the distances between neighbours.",
        )
    return Proposal(
        kind="c",
        reason="These are counts over equal stretches, and neighbours differ "
        f"{moved:.2f} times as much as chance alone would have them.",
    )


def _most(n: int) -> float:
    return 1 + 1.645 * _SPREAD / float(np.sqrt(n - 1))
