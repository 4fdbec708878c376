"""Cox regression: the hazard ratio, and whether it is one number at all times.

The partial likelihood with Efron's ties in numpy: every sum over those at risk is a sum
from the last time backwards, so that an iteration is one pass over the persons.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from rounds.methods.clusters.sandwich import fay_graubard, sum_by_cluster
from rounds.methods.survival.survival_times import checked_times

__all__ = ["Correction", "CoxFit", "Proportionality", "cox"]

Floats = NDArray[np.float64]
Correction = Literal["none", "fay-graubard"]

_MOST_STEPS = 60
_FARTHEST = 12.0
"""Of a log hazard ratio of one standard deviation: beyond it, no maximum is ahead."""


@dataclass(frozen=True)
class Proportionality:
    """Does the log hazard ratio of a column go with time?"""

    statistic: float
    """Chi-squared with one degree of freedom; of clusters, F with 1 and `df`."""
    p_value: float
    df: float | None
    """Of the denominator, where persons come in clusters."""


@dataclass(frozen=True)
class CoxFit:
    """One coefficient of a proportional hazards model."""

    estimate: float
    """A log hazard ratio."""
    se: float
    df: float | None
    """Of t; None where the interval is a normal one."""
    lower: float
    upper: float
    p_value: float
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    proportionality: tuple[Proportionality, ...]
    """Of each column, in the design's order; none where all events are at one time."""
    proportionality_of_all: float | None
    """Chi-squared with p degrees of freedom; None with clusters."""
    n: int
    n_events: int
    n_clusters: int | None


def cox(
    time: ArrayLike,
    event: ArrayLike,
    design: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    column: int = 0,
    correction: Correction = "fay-graubard",
    level: float = 0.95,
) -> CoxFit:
    """Fit a proportional hazards model; give one coefficient with its interval.

    Parameters
    ----------
    time : array of float, shape (n_persons,)
        Until the event, or until the person was last seen.
    event : array, shape (n_persons,)
        1 where the time ends with the event, 0 where it was cut short.
    design : array of float, shape (n_persons, p)
        Columns; no constant.
    clusters : array, shape (n_persons,), optional
        Whose persons may be alike: the variance is Lin and Wei's sandwich. Without,
        it is the inverse of the information.
    column : int
        The column whose coefficient is wanted.
    correction : {"none", "fay-graubard"}
        Of the sandwich, for few clusters.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    CoxFit
        With clusters the interval is estimate ± t(clusters − p − 1) × standard error,
        else a normal one. Proportionality is Grambsch and Therneau's score test with
        1 − Kaplan-Meier as time (as `cox.zph` of R's survival from version 3.0 on,
        which does not approximate it); with clusters its variance is a sandwich too.

    Raises
    ------
    ValueError
        If times or events cannot be such, a number is not finite, nobody has the
        event, a column repeats others or tells who has the event, or there are too few
        persons, events or clusters.

    References
    ----------
    Therneau TM, Grambsch PM (2000). Modeling survival data: extending the Cox model,
    chapters 3, 6, 7; and the source of R's survival 3.5-3 (`coxfit6.c`, `coxscore2.c`,
    `zph1.c`), with which the tests compare.
    Wang X, Turner EL, Li F (2023). Improving sandwich variance estimation for marginal
    Cox analysis of cluster randomized trials. Biometrical Journal 65:2200113 (its
    abstract).

    Examples
    --------
    >>> time = [5, 8, 12, 3, 9, 20, 14, 7]
    >>> event = [1, 1, 0, 1, 1, 0, 1, 1]
    >>> fit = cox(time, event, [[1], [0], [0], [1], [1], [0], [0], [1]])
    >>> fit.n_events, bool(fit.estimate > 0)
    (6, True)
    """
    t, d, X = _checked(time, event, design, column, level)
    scale = X.std(axis=0)
    past = _Past.of(t, d, (X - X.mean(axis=0)) / scale)
    beta, log_likelihood = _solved(past)
    at = past.at(beta)
    bread = np.linalg.inv(at.information(np.ones(len(past.rows)))).astype(float)
    covariance, df, n_clusters = bread, None, None
    given = None if clusters is None else np.asarray(clusters)
    if given is not None:
        given = _insist_on_clusters(given, len(t), X.shape[1])[past.order]
        n_clusters = len(np.unique(given))
        df = float(n_clusters - X.shape[1] - 1)
        scores = sum_by_cluster(at.scores(np.ones(len(past.rows))), given)
        if correction == "fay-graubard":
            shares = sum_by_cluster(at.shares(), given)
            scores = fay_graubard(scores, shares, bread)
        covariance = bread @ (scores.T @ scores) @ bread
    covariance = covariance / np.outer(scale, scale)
    each, of_all = _proportionality(at, given, df)
    estimate = float(beta[column] / scale[column])
    se = float(np.sqrt(covariance[column, column]))
    if not se > 0 or not np.isfinite(se):
        raise ValueError("the variance of the coefficient cannot be estimated")
    law = scipy.stats.norm() if df is None else scipy.stats.t(df)
    half = float(law.ppf((1 + level) / 2)) * se
    return CoxFit(
        estimate=estimate,
        se=se,
        df=df,
        lower=estimate - half,
        upper=estimate + half,
        p_value=float(2 * law.sf(abs(estimate / se))),
        coefficients=beta / scale,
        covariance=covariance,
        log_likelihood=log_likelihood,
        proportionality=each,
        proportionality_of_all=of_all,
        n=len(t),
        n_events=int(d.sum()),
        n_clusters=n_clusters,
    )


@dataclass(frozen=True, eq=False, repr=False)
class _Past:
    """Persons in order of their times, and one row for each event."""

    order: NDArray[np.intp]
    X: Floats
    event: NDArray[np.bool_]
    first: NDArray[np.intp]
    """Of each row, the first person at risk."""
    rows: NDArray[np.intp]
    """Of each row, its distinct event time's number."""
    deaths: NDArray[np.intp]
    """Of each row, the person."""
    fraction: Floats
    """Of those with the event at the same time, how many left before (Efron)."""
    until: NDArray[np.intp]
    """Of each person, how many rows are not after his or her time."""

    @classmethod
    def of(cls, t: Floats, d: NDArray[np.bool_], X: Floats) -> "_Past":
        order = np.lexsort((~d, t))
        t, d = t[order], d[order]
        deaths = np.flatnonzero(d)
        _, rows, counts = np.unique(t[deaths], return_inverse=True, return_counts=True)
        before = np.cumsum(counts) - counts
        return cls(
            order=order,
            X=X[order],
            event=d,
            first=np.searchsorted(t, t[deaths], side="left"),
            rows=rows,
            deaths=deaths,
            fraction=(np.arange(len(deaths)) - before[rows]) / counts[rows],
            until=np.searchsorted(t[deaths], t, side="right"),
        )

    def at(self, beta: Floats) -> "_At":
        """Give everything that goes with the coefficients."""
        eta = self.X @ beta
        shift = float(eta.max())
        risk = np.exp(eta - shift)
        n_times = int(self.rows[-1]) + 1

        def sums(values: Floats) -> Floats:
            """Sum over those at risk, less Efron's share of those who leave."""
            behind = np.cumsum(values[::-1], axis=0)[::-1]
            leaving = np.zeros((n_times, *values.shape[1:]))
            np.add.at(leaving, self.rows, values[self.deaths])
            some = self.fraction.reshape(-1, *[1] * (values.ndim - 1))
            return np.asarray(behind[self.first] - some * leaving[self.rows])

        s0 = sums(risk)
        mean = sums(risk[:, None] * self.X) / s0[:, None]
        squares = risk[:, None, None] * self.X[:, :, None] * self.X[:, None, :]
        spread = sums(squares) / s0[:, None, None]
        spread -= mean[:, :, None] * mean[:, None, :]
        log_likelihood = float((eta[self.deaths] - shift - np.log(s0)).sum())
        return _At(self, risk, s0, mean, spread, log_likelihood)


@dataclass(frozen=True, eq=False, repr=False)
class _At:
    """The partial likelihood at some coefficients."""

    past: _Past
    risk: Floats
    s0: Floats
    mean: Floats
    spread: Floats
    log_likelihood: float

    def gradient(self, weight: Floats) -> Floats:
        """Sum Schoenfeld's residuals, each event weighted."""
        left = self.past.X[self.past.deaths] - self.mean
        return np.asarray(weight @ left, dtype=float)

    def information(self, weight: Floats) -> Floats:
        return np.asarray(np.einsum("k,kij->ij", weight, self.spread), dtype=float)

    def scores(self, weight: Floats) -> Floats:
        """Give each person's score residuals, each event weighted; sum: gradient."""
        past, X = self.past, self.past.X
        hazard = weight / self.s0
        a = _until(hazard, past.until)
        b = _until(hazard[:, None] * self.mean, past.until)
        found = -self.risk[:, None] * (X * a[:, None] - b)
        mean = _by_time(weight[:, None] * self.mean, past.rows, average=True)
        some = _by_time(hazard * past.fraction, past.rows)
        some_mean = _by_time((hazard * past.fraction)[:, None] * self.mean, past.rows)
        k = past.deaths
        found[k] += weight[:, None] * X[k] - mean
        found[k] += self.risk[k, None] * (X[k] * some[:, None] - some_mean)
        return np.asarray(found, dtype=float)

    def shares(self) -> Floats:
        """Give each person's share of the information."""
        past, X = self.past, self.past.X
        hazard = 1 / self.s0
        outer = self.mean[:, :, None] * self.mean[:, None, :]
        a = _until(hazard, past.until)
        b = _until(hazard[:, None] * self.mean, past.until)
        c = _until(hazard[:, None, None] * outer, past.until)
        k, f = past.deaths, hazard * past.fraction
        a[k] -= _by_time(f, past.rows)
        b[k] -= _by_time(f[:, None] * self.mean, past.rows)
        c[k] -= _by_time(f[:, None, None] * outer, past.rows)
        cross = X[:, :, None] * b[:, None, :]
        squares = X[:, :, None] * X[:, None, :] * a[:, None, None]
        inner = squares - cross - cross.transpose(0, 2, 1) + c
        return np.asarray(self.risk[:, None, None] * inner, dtype=float)


def _until(values: Floats, count: NDArray[np.intp]) -> Floats:
    """Sum the first rows, as many as each person has lived through."""
    nought = np.zeros((1, *values.shape[1:]))
    return np.asarray(np.concatenate([nought, np.cumsum(values, axis=0)])[count])


def _by_time(
    values: Floats, rows: NDArray[np.intp], *, average: bool = False
) -> Floats:
    """Give every row the sum, or the average, of the rows of its time."""
    summed = np.zeros((int(rows[-1]) + 1, *values.shape[1:]))
    np.add.at(summed, rows, values)
    if average:
        counts = np.bincount(rows)
        summed /= counts.reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(summed[rows], dtype=float)


def _solved(past: _Past) -> tuple[Floats, float]:
    """Climb by Newton's steps, halved where they go down."""
    ones = np.ones(len(past.rows))
    beta = np.zeros(past.X.shape[1])
    at = past.at(beta)
    for _ in range(_MOST_STEPS):
        information = at.information(ones)
        if np.linalg.cond(information) > 1e12:
            raise ValueError(
                "a column repeats the others, or tells who has the event, among those "
                "at risk"
            )
        step = np.linalg.solve(information, at.gradient(ones))
        ahead = past.at(beta + step)
        for _ in range(30):
            if ahead.log_likelihood >= at.log_likelihood - 1e-9:
                break
            step = step / 2
            ahead = past.at(beta + step)
        beta, at = beta + step, ahead
        if np.abs(beta).max() > _FARTHEST:
            raise ValueError(
                "the hazard ratio has no bound: a column, or several together, tell "
                "who has the event"
            )
        if np.abs(step).max() <= 1e-10 * max(1.0, np.abs(beta).max()):
            return beta, at.log_likelihood
    raise ValueError("the partial likelihood has no maximum that can be found")


def _proportionality(
    at: _At, clusters: NDArray[np.generic] | None, df: float | None
) -> tuple[tuple[Proportionality, ...], float | None]:
    """Test, a column at a time, a coefficient that goes with 1 − Kaplan-Meier.

    It is a score test of x g(t) added to the model: of all that is needed, the
    coefficients are those already found.
    """
    when = _one_less_survival(at.past)
    if np.ptp(when) <= 1e-12:
        return (), None
    when = when - when.mean()
    ones = np.ones(len(when))
    bread = np.linalg.inv(at.information(ones))
    crossed, squared = at.information(when), at.information(when**2)
    by_time = at.gradient(when)
    of_all = None
    if clusters is None:
        whole = squared - crossed @ bread @ crossed
        left = np.diag(whole)
        of_all = float(by_time @ np.linalg.solve(whole, by_time))
    else:
        plain = sum_by_cluster(at.scores(ones), clusters)
        timed = sum_by_cluster(at.scores(when), clusters)
        left = ((timed - plain @ bread @ crossed) ** 2).sum(axis=0)
    law = scipy.stats.chi2(1) if df is None else scipy.stats.f(1, df)
    values = [float(one) for one in by_time**2 / left]
    return tuple(Proportionality(v, float(law.sf(v)), df) for v in values), of_all


def _one_less_survival(past: _Past) -> Floats:
    """Give each event 1 − Kaplan-Meier just before it."""
    at_risk = len(past.event) - past.first
    firsts = np.unique(past.rows, return_index=True)[1]
    lost = np.bincount(past.rows) / at_risk[firsts]
    before = np.concatenate([[1.0], np.cumprod(1 - lost)[:-1]])
    return np.asarray(1 - before[past.rows], dtype=float)


def _checked(
    time: ArrayLike, event: ArrayLike, design: ArrayLike, column: int, level: float
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    t, d = checked_times(time, event)
    X = np.asarray(design, dtype=float)
    if X.ndim != 2 or len(X) != len(t):
        raise ValueError(f"design has shape {X.shape}; expected ({len(t)}, p)")
    if not np.isfinite(X).all():
        raise ValueError("the design must be finite; leave out missing persons")
    if not 0 <= column < X.shape[1]:
        raise ValueError(f"column {column} is not one of the design's {X.shape[1]}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    if int(d.sum()) <= X.shape[1]:
        raise ValueError(f"{int(d.sum())} events cannot tell {X.shape[1]} coefficients")
    if np.linalg.matrix_rank(X - X.mean(axis=0)) < X.shape[1]:
        raise ValueError("a column of the design repeats the others, or is constant")
    return t, d, X


def _insist_on_clusters(
    clusters: NDArray[np.generic], n: int, p: int
) -> NDArray[np.generic]:
    if clusters.shape != (n,):
        raise ValueError(f"clusters has shape {clusters.shape}, expected ({n},)")
    n_clusters = len(np.unique(clusters))
    if n_clusters <= p + 1:
        raise ValueError(
            f"{n_clusters} clusters cannot carry {p} columns: at least {p + 2} are "
            "needed"
        )
    return clusters
