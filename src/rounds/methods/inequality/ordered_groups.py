"""Counts in ordered groups, each group's place in the whole, and who comes together.

```
 rows                      groups, in order          clusters × groups
 (persons, or counts) ──▶  shares 0.2 0.3 0.5   and  one sum of events and persons
 group, events, n          ridits 0.1 0.35 0.75      for each cell
```
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.proportion import counts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["OrderedGroups", "ordered_groups", "ridits"]


@dataclass(frozen=True, eq=False)
class OrderedGroups:
    """Events and persons by ordered group, whole and by cluster."""

    events: NDArray[np.float64]
    """Shape (n_groups,)."""
    totals: NDArray[np.float64]
    """Shape (n_groups,), all above 0."""
    shares: NDArray[np.float64]
    """Shape (n_groups,): of the population, adding up to 1."""
    ridits: NDArray[np.float64]
    """Shape (n_groups,): the middle of each group's place in the population, (0, 1)."""
    cluster_events: NDArray[np.float64] | None
    """Shape (n_clusters, n_groups); None where persons are independent."""
    cluster_totals: NDArray[np.float64] | None

    @property
    def n(self) -> int:
        """How many persons there are."""
        return int(self.totals.sum())

    @property
    def n_clusters(self) -> int | None:
        """How many clusters there are; None where persons are independent."""
        return None if self.cluster_totals is None else len(self.cluster_totals)


def ridits(shares: ArrayLike) -> NDArray[np.float64]:
    """Give the middle of each group's place in the population.

    Parameters
    ----------
    shares : array_like of float, shape (n_groups,)
        Persons, or shares of them, in the groups' order.

    Returns
    -------
    ndarray, shape (n_groups,)
        The share of the population below the group, and half of its own.

    References
    ----------
    Fractional ranks as WHO's R package healthequal computes them in `sii`
    (github.com/WHOequity/healthequal, R/sii.R).

    Examples
    --------
    >>> ridits([20, 30, 50]).round(3).tolist()
    [0.1, 0.35, 0.75]
    """
    part = np.asarray(shares, dtype=float)
    part = part / part.sum()
    middles: NDArray[np.float64] = np.cumsum(part) - part / 2
    return middles


def ordered_groups(
    successes: ArrayLike,
    totals: ArrayLike,
    order: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    population: ArrayLike | None = None,
    fewest: int = 3,
) -> OrderedGroups:
    """Sum counts, or persons, by ordered group; refuse what has no order.

    Parameters
    ----------
    successes, totals : array_like of int, shape (n_rows,)
        Events and persons of each row; totals of 1 are persons one by one.
    order : array_like of int, shape (n_rows,)
        Each row's group, by its place in the order.
    clusters : array_like, shape (n_rows,), optional
        What persons come in; at least three.
    population : array_like of float, shape (n_groups,), optional
        Persons of each group from which its share and ridit are made, in order; those
        counted, if not given. Groups are the places in `order`, ascending.
    fewest : int
        Groups that there must be.

    Returns
    -------
    OrderedGroups
        Groups without anybody are left out.

    Raises
    ------
    ValueError
        If shapes differ, counts are impossible, places are not whole numbers, fewer
        than `fewest` groups have anybody, or all or none have the event.
    """
    x, n = np.asarray(successes, dtype=float), np.asarray(totals, dtype=float)
    place = np.asarray(order)
    if not x.shape == n.shape == place.shape or x.ndim != 1:
        raise ValueError(
            f"successes have shape {x.shape}, totals {n.shape}, order {place.shape}; "
            "expected one (n,)"
        )
    if not np.issubdtype(place.dtype, np.integer):
        whole = np.asarray(place, dtype=float)
        if not (np.isfinite(whole).all() and (whole == np.round(whole)).all()):
            raise ValueError("order must be whole numbers: each group's place")
    some = (n != 0) | (x != 0)  # A row of nobody says nothing.
    if not some.any():
        raise ValueError("there is nobody in any group")
    x, n = counts(x[some], n[some])
    place = place[some]
    names, group = np.unique(place, return_inverse=True)
    if len(names) < fewest:
        raise ValueError(
            f"{len(names)} ordered groups have anybody; at least {fewest} are needed"
        )
    if not 0 < x.sum() < n.sum():
        raise ValueError("all have the event, or none has")
    k = len(names)
    by_events = np.bincount(group, weights=x, minlength=k).astype(float)
    by_totals = np.bincount(group, weights=n, minlength=k).astype(float)
    shares = by_totals if population is None else np.asarray(population, dtype=float)
    if shares.shape != (k,) or not (np.isfinite(shares).all() and (shares > 0).all()):
        raise ValueError(f"population must be {k} positive numbers, one a group")
    of_clusters = None
    if clusters is not None:
        names_of = np.asarray(clusters)
        if names_of.shape != some.shape:
            raise ValueError(
                f"clusters has shape {names_of.shape}, expected {some.shape}"
            )
        of_clusters = _by_cluster(x, n, group, names_of[some], k)
    return OrderedGroups(
        events=by_events,
        totals=by_totals,
        shares=shares / shares.sum(),
        ridits=ridits(shares),
        cluster_events=None if of_clusters is None else of_clusters[0],
        cluster_totals=None if of_clusters is None else of_clusters[1],
    )


def _by_cluster(
    x: NDArray[np.float64],
    n: NDArray[np.float64],
    group: NDArray[np.intp],
    clusters: NDArray[np.generic],
    k: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    names, code = np.unique(clusters, return_inverse=True)
    if len(names) < 3:
        raise ValueError(f"{len(names)} clusters; at least three are needed")
    cell, shape = code * k + group, (len(names), k)
    events = np.bincount(cell, weights=x, minlength=len(names) * k).reshape(shape)
    persons = np.bincount(cell, weights=n, minlength=len(names) * k).reshape(shape)
    return events.astype(float), persons.astype(float)
