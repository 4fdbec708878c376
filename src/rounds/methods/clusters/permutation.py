"""Inference by the randomisation itself: what else could have been allocated?

A statistic that is linear in the exposure, x'M(y − θ x) with M leaving out what is
adjusted for, needs two numbers of each allocation that could have been, so the interval
comes exactly from the allocations that are drawn, with no search.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["PermutationResult", "permutation"]

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Kinds = NDArray[np.int16]


@dataclass(frozen=True)
class PermutationResult:
    """An effect, judged against the other allocations that could have been."""

    estimate: float
    lower: float
    upper: float
    """Either may be infinite: too few allocations are possible."""
    p_value: float
    n_allocations: int
    """Those that were looked at, the one that was made among them."""
    is_exact: bool
    """Whether these are all there are."""
    n: int
    n_clusters: int


def permutation(
    outcome: ArrayLike,
    clusters: ArrayLike,
    schedule: ArrayLike,
    *,
    rng: np.random.Generator,
    periods: ArrayLike | None = None,
    adjust: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    among: ArrayLike | None = None,
    draws: int = 10_000,
    level: float = 0.95,
) -> PermutationResult:
    """Compare exposed with not, against the allocations that could have been.

    Parameters
    ----------
    outcome : array of float, shape (n_persons,)
        The outcome.
    clusters : array of int, shape (n_persons,)
        The row of `schedule` that each person's cluster has.
    schedule : array of 0 and 1, shape (n_clusters,) or (n_clusters, n_periods)
        Whether each cluster is exposed, in each period. Whole rows are what was
        allocated at random.
    rng : numpy.random.Generator
        Draws the allocations, where there are more than `draws`.
    periods : array of int, shape (n_persons,), optional
        The column of `schedule` of each person; needed if it has several. Differences
        between periods are then left out.
    adjust : array of float, shape (n_persons, n_columns), optional
        Covariates, known before the allocation, that are left out.
    strata : array, shape (n_clusters,), optional
        Within which clusters were allocated. Differences between them are left out.
    among : array of bool, shape (n_allocations, n_clusters), optional
        The allocations of a schedule without periods that could have been made, in
        place of all within strata; ours is counted among them, once.
    draws : int
        Allocations to look at, where there are more; at least 1,000.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    PermutationResult
        The estimate is the least-squares difference. The test is exact for the
        hypothesis that exposure adds the same to everybody's outcome; the interval
        holds what it does not reject.

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, the schedule holds anything but 0 and
        1, or no other allocation would have exposed anybody else.

    References
    ----------
    Raab GM, Butcher I (2005). Randomization inference for balanced cluster-randomized
    trials. Clinical Trials 2:130-140 (its abstract: residuals of what is known before,
    tests and intervals by permutation). DOI 10.1191/1740774505cn075oa
    Phipson B, Smyth GK (2010). Permutation p-values should never be zero. Statistical
    Applications in Genetics and Molecular Biology 9:39, arXiv:1603.05766.

    Examples
    --------
    >>> y = [3.1, 2.9, 4.0, 4.4, 5.2, 4.8, 6.1, 6.5]
    >>> found = permutation(
    ...     y, [0, 0, 1, 1, 2, 2, 3, 3], [0, 0, 1, 1], rng=np.random.default_rng(1)
    ... )
    >>> round(found.estimate, 2), round(found.p_value, 3), found.n_allocations
    (2.05, 0.333, 6)
    """
    given = _checked(outcome, clusters, schedule, periods, strata)
    if draws < 1_000 or not 0 < level < 1:
        raise ValueError("at least 1,000 draws are needed, and a level within (0, 1)")
    left = _left_out(given, adjust)
    observed = given.schedule[given.clusters, given.periods]
    ours, theirs = left(given.outcome), left(observed)
    spread = float(observed @ theirs)
    if not spread > 1e-9 * len(observed):
        raise ValueError(
            "what is adjusted for tells who was exposed; there is nothing to compare"
        )
    _insist_on_variety(given.outcome, ours, theirs, float(observed @ ours) / spread)
    kinds, rows = np.unique(given.schedule, axis=0, return_inverse=True)
    if among is None:
        taken, is_exact = _allocations(rows.ravel(), given.strata, draws, rng)
    else:
        taken, is_exact = _listed(rows.ravel(), among)
    a, b = (_over(taken, _pairings(given, kinds, one)) for one in (ours, theirs))
    estimate = float(observed @ ours) / spread
    first, last = _kept(a, b, estimate * spread, spread)
    rank = math.floor((1 - level) * len(a) * (1 + 1e-12))
    return PermutationResult(
        estimate=estimate,
        lower=float(np.sort(first)[rank]),
        upper=float(np.sort(last)[::-1][rank]),
        p_value=float(((first <= 0) & (last >= 0)).mean()),
        n_allocations=len(a),
        is_exact=is_exact,
        n=len(given.outcome),
        n_clusters=len(given.schedule),
    )


def _insist_on_variety(
    outcome: Floats, ours: Floats, theirs: Floats, estimate: float
) -> None:
    """Refuse outcomes that all are as what is left out, or the arm, tells."""
    size = float(np.abs(outcome).max())
    if not np.abs(ours - estimate * theirs).max() > 1e-9 * size:
        raise ValueError(
            "the outcome does not vary beyond what the arms and what is adjusted for "
            "tell; no allocation could be told from another"
        )


@dataclass(frozen=True)
class _Given:
    outcome: Floats
    clusters: Integers
    periods: Integers
    schedule: Floats
    strata: Integers


def _kept(a: Floats, b: Floats, ours: float, spread: float) -> tuple[Floats, Floats]:
    """Give the effects from and to which an allocation is as extreme as ours.

    Under the effect θ its statistic is a − θ b, ours is `ours` − θ `spread`. Where
    |b| < spread, |a − θ b| ≥ |ours − θ spread| between the roots of a quadratic, on
    either side of the estimate; else it is taken to be so for every θ.
    """
    square = spread**2 - b**2
    some = square > 1e-9 * spread**2
    inner = np.where(some, square, 1.0)
    middle = (ours * spread - a * b) / inner
    root = np.abs(a * spread - ours * b) / inner
    first = np.where(some, middle - root, -np.inf)
    last = np.where(some, middle + root, np.inf)
    # Rounding must not part the allocations that tie with one another.
    unit = 1e-10 * max(abs(ours / spread), float(root.max()), 1e-300)
    return np.round(first / unit) * unit, np.round(last / unit) * unit


def _pairings(given: _Given, kinds: Floats, residuals: Floats) -> Floats:
    """Give, for each kind of row and each cluster, what it would count for."""
    shape = given.schedule.shape
    cell = given.clusters * shape[1] + given.periods
    sums = np.bincount(cell, weights=residuals, minlength=shape[0] * shape[1])
    counted: Floats = kinds @ sums.reshape(shape).T
    return counted


def _over(taken: Kinds, pairings: Floats) -> Floats:
    """Sum over the clusters, each with the kind of row that an allocation gives it."""
    total: Floats
    if len(pairings) == 2:
        total = taken.astype(float) @ (pairings[1] - pairings[0]) + pairings[0].sum()
    else:
        places = taken.astype(np.intp) * pairings.shape[1]
        total = pairings.ravel()[places + np.arange(pairings.shape[1])].sum(axis=1)
    return total


def _allocations(
    rows: Integers, strata: Integers, draws: int, rng: np.random.Generator
) -> tuple[Kinds, bool]:
    """Give the kind of row that each cluster has, in each allocation.

    Kinds are allocated anew within strata, as often as they were.
    """
    members = [np.flatnonzero(strata == each) for each in np.unique(strata)]
    possible = math.prod(_n_orders(rows[some]) for some in members)
    if possible < 2:
        raise ValueError("no other allocation would have exposed anybody else")
    taken = np.tile(rows.astype(np.int16), (min(possible, draws), 1))
    if possible <= draws:
        every = itertools.product(*(_all_orders(rows[some]) for some in members))
        for place, chosen in enumerate(every):
            for some, order in zip(members, chosen, strict=True):
                taken[place, some] = order
        return taken, True
    for some in members:
        # The first is what was allocated; it could have been drawn like the others.
        taken[1:, some] = rng.permuted(taken[1:, some], axis=1)
    return taken, False


def _listed(rows: Integers, among: ArrayLike) -> tuple[Kinds, bool]:
    """Give the allocations of a list, ours first; exact if ours is one of them."""
    listed = np.asarray(among)
    if listed.ndim != 2 or listed.shape[1] != len(rows) or rows.max() > 1:
        raise ValueError(
            f"among has shape {listed.shape}, expected (n, {len(rows)}), for a "
            "schedule of one period"
        )
    others = (listed != rows.astype(bool)).any(axis=1)
    if not others.any():
        raise ValueError("no other allocation would have exposed anybody else")
    taken = np.vstack([rows, listed[others]]).astype(np.int16)
    return taken, not others.all()


def _n_orders(kinds: Integers) -> int:
    ways = math.factorial(len(kinds))
    for times in np.unique(kinds, return_counts=True)[1].tolist():
        ways //= math.factorial(times)
    return ways


def _all_orders(kinds: Integers) -> list[tuple[int, ...]]:
    """Give every order of kinds, each once."""
    names, times = np.unique(kinds, return_counts=True)
    return _orders(tuple(zip(names.tolist(), times.tolist(), strict=True)))


@lru_cache(maxsize=16)
def _orders(times: tuple[tuple[int, int], ...]) -> list[tuple[int, ...]]:
    """Give every order of kinds that are there so many times; not to be changed."""

    def further(left: dict[int, int]) -> Iterator[tuple[int, ...]]:
        if not left:
            yield ()
        for kind in left:
            rest = {k: n - (k == kind) for k, n in left.items() if k != kind or n > 1}
            for others in further(rest):
                yield (kind, *others)

    return list(further(dict(times)))


class _Left:
    """Leaves out of a column what some others explain, by least squares."""

    def __init__(self, columns: Floats) -> None:
        value, vector = np.linalg.eigh(columns.T @ columns)
        some = value > 1e-9 * value.max()
        self._basis = columns @ (vector[:, some] / np.sqrt(value[some]))

    def __call__(self, column: Floats) -> Floats:
        once = column - self._basis @ (self._basis.T @ column)
        return np.asarray(once - self._basis @ (self._basis.T @ once), dtype=float)


def _left_out(given: _Given, adjust: ArrayLike | None) -> _Left:
    n = len(given.outcome)
    columns = [_indicators(given.periods), _indicators(given.strata[given.clusters])]
    if adjust is not None:
        others = np.asarray(adjust, dtype=float)
        if others.ndim != 2 or len(others) != n or not np.isfinite(others).all():
            raise ValueError(
                f"adjust has shape {others.shape}, expected ({n}, p), all finite"
            )
        centred = others - others.mean(axis=0)
        size = np.sqrt((centred**2).mean(axis=0))
        columns.append(centred / np.where(size > 0, size, 1.0))
    return _Left(np.column_stack(columns))


def _indicators(codes: Integers) -> Floats:
    return np.asarray(codes[:, None] == np.unique(codes), dtype=float)


def _checked(
    outcome: ArrayLike,
    clusters: ArrayLike,
    schedule: ArrayLike,
    periods: ArrayLike | None,
    strata: ArrayLike | None,
) -> _Given:
    y, which = np.asarray(outcome, dtype=float), np.asarray(clusters)
    rows = np.asarray(schedule, dtype=float)
    rows = rows[:, None] if rows.ndim == 1 else rows
    when = np.zeros(len(which), dtype=int) if periods is None else np.asarray(periods)
    within = np.zeros(len(rows)) if strata is None else np.asarray(strata)
    if y.ndim != 1 or not y.shape == which.shape == when.shape or rows.ndim != 2:
        raise ValueError(
            f"outcome has shape {y.shape}, clusters {which.shape}, periods "
            f"{when.shape}, schedule {rows.shape}; expected (n,), (n,), (n,), (g, t)"
        )
    if within.shape != (len(rows),):
        raise ValueError(f"strata has shape {within.shape}, expected ({len(rows)},)")
    if not np.isfinite(y).all():
        raise ValueError("outcome must be finite; leave out missing persons")
    if not np.isin(rows, (0, 1)).all():
        raise ValueError("the schedule holds 1 for exposed and 0 for not, nothing else")
    if not (_are_codes(which, len(rows)) and _are_codes(when, rows.shape[1])):
        raise ValueError("clusters and periods are places in the schedule, from 0 on")
    if len(set(which.tolist())) < len(rows):
        raise ValueError("a cluster of the schedule has no person")
    codes = np.unique(within, return_inverse=True)[1]
    return _Given(y, which.astype(np.intp), when.astype(np.intp), rows, codes)


def _are_codes(codes: NDArray[np.generic], n: int) -> bool:
    whole = np.issubdtype(codes.dtype, np.integer)
    return whole and len(codes) > 0 and codes.min() >= 0 and codes.max() < n
