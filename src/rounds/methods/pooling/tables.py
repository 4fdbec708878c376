"""Effects of two-by-two tables, and the Mantel-Haenszel way to pool them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy.special import chdtrc

from rounds.methods.pooling.pooled import p_value
from rounds.methods.pooling.studies import quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = "NDArray[np.float64]"

__all__ = ["MantelHaenszel", "Measure", "TableEffects", "mantel_haenszel", "of_tables"]

Measure = Literal["or", "rr", "rd"]
"""Odds ratio and risk ratio, both as natural logarithms, and risk difference."""

_NONE = 1e-7
"""A standard error of a difference that is rounding alone."""


@dataclass(frozen=True, eq=False)
class TableEffects:
    """One effect of each table, with its standard error."""

    effects: NDArray[np.float64]
    """Shape (k,): first arm against second; NaN where the table tells nothing."""
    ses: NDArray[np.float64]
    """Shape (k,)."""
    corrected: NDArray[np.bool_]
    """Shape (k,): whether a half was added to each cell, since one was zero."""
    tells: NDArray[np.bool_]
    """Shape (k,): whether the table tells anything of the measure."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MantelHaenszel:
    """Tables pooled cell by cell, with one effect for all."""

    measure: Measure
    level: float
    k: int
    """Tables that tell something."""
    estimate: float
    """A natural logarithm for ratios."""
    se: float
    lower: float
    upper: float
    p_value: float
    weights: NDArray[np.float64]
    """Shape (n_tables,): shares, summing to 1; 0 for a table that tells nothing."""
    q: float
    """Cochran's Q of tables' own effects (by `of_tables`) around the pooled one, over
    tables in which somebody had the event and somebody had not."""
    df: int
    q_p_value: float
    i2: float


def of_tables(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    measure: Measure = "or",
    correction: float = 0.5,
    keep_empty: bool = False,
) -> TableEffects:
    """Give each table's effect: the first arm against the second.

    The rule for zeros: `correction` is added to all four cells of a table in which
    any is zero, and of no other table (metafor's `add=1/2, to="only0"`). A table in
    which nobody, or everybody, of both arms had the event tells nothing of a ratio, and
    is left out; of a difference of risks it does tell, and stays.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like of int, shape (k,)
        Persons with the event and all persons, in the first and the second arm.
    measure : {"or", "rr", "rd"}
        Log odds ratio, log risk ratio, or risk difference.
    correction : float
        What is added, above 0.
    keep_empty : bool
        Give a ratio also for tables that tell nothing of it (as metafor's `escalc`).

    Returns
    -------
    TableEffects

    Raises
    ------
    ValueError
        If shapes differ, counts are not whole or events exceed persons, an arm is
        empty, the correction is not above 0, or there is no such measure.

    References
    ----------
    .. [1] Viechtbauer W. escalc, in: metafor 5.1-12, man/escalc.Rd and R/escalc.r
       (github.com/wviechtb/metafor): formulas, `add`, `to` and `drop00`.

    Examples
    --------
    >>> found = of_tables([4], [123], [11], [139], measure="rr")
    >>> round(float(found.effects[0]), 4), round(float(found.ses[0]), 4)
    (-0.8893, 0.5706)
    """
    a, b, c, d = _cells(events1, n1, events2, n2)
    _known(measure)
    if not (np.isfinite(correction) and correction > 0):
        raise ValueError(f"the correction {correction} is not above 0")
    none, every = a + c == 0, b + d == 0
    tells = np.ones(a.size, bool) if measure == "rd" or keep_empty else ~(none | every)
    zero = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    a, b, c, d = (cell + correction * zero for cell in (a, b, c, d))
    if measure == "or":
        effects = np.log(a) - np.log(b) - np.log(c) + np.log(d)
        variances = 1 / a + 1 / b + 1 / c + 1 / d
    elif measure == "rr":
        effects = np.log(a / (a + b)) - np.log(c / (c + d))
        variances = b / (a * (a + b)) + d / (c * (c + d))
    else:
        effects = a / (a + b) - c / (c + d)
        variances = a * b / (a + b) ** 3 + c * d / (c + d) ** 3
    return TableEffects(
        effects=np.where(tells, effects, np.nan),
        ses=np.where(tells, np.sqrt(variances), np.nan),
        corrected=zero & tells,
        tells=tells,
    )


def mantel_haenszel(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    measure: Measure = "or",
    level: float = 0.95,
) -> MantelHaenszel:
    """Pool tables by Mantel and Haenszel's weights, with one effect for all.

    Nothing is added to any cell: the sums need no table to be free of zeros.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like of int, shape (n_tables,)
        As `of_tables`.
    measure : {"or", "rr", "rd"}
        As `of_tables`.
    level : float
        Of the interval, in (0, 1).

    Returns
    -------
    MantelHaenszel
        A normal interval, by the variance of Robins, Breslow and Greenland (odds
        ratio), Greenland and Robins (risk ratio), or Sato, Greenland and Robins (risk
        difference). A table in which nobody had the event weighs nothing in a
        ratio, nor does one in which everybody had it in an odds ratio.

    Raises
    ------
    ValueError
        As `of_tables`; or if nobody, or everybody, had the event in every table, or
        the pooled ratio is zero or infinite, or all of one arm and none of the other
        had it.

    References
    ----------
    .. [1] Viechtbauer W. rma.mh, in: metafor 5.1-12, man/rma.mh.Rd and R/rma.mh.r
       (github.com/wviechtb/metafor): estimators and the three variances.
    """
    cells = _cells(events1, n1, events2, n2)
    _known(measure)
    z = quantile("normal", level, 1)
    some = (cells[0] + cells[2] > 0) & (cells[1] + cells[3] > 0)
    if not some.any():
        raise ValueError("nobody, or everybody, had the event in every table")
    estimate, se, shares = _SUMS[measure](*cells)
    if se < _NONE:
        raise ValueError(
            "everybody of one arm and nobody of the other had the event, which gives "
            "no standard error"
        )
    a, b, c, d = (cell[some] for cell in cells)
    own = of_tables(a, a + b, c, c + d, measure=measure)
    q = float((((own.effects - estimate) / own.ses) ** 2).sum())
    df = int(some.sum()) - 1
    return MantelHaenszel(
        measure=measure,
        level=level,
        k=some.size if measure == "rd" else df + 1,
        estimate=estimate,
        se=se,
        lower=estimate - z * se,
        upper=estimate + z * se,
        p_value=p_value(estimate, se, "normal", 1),
        weights=shares / shares.sum(),
        q=q,
        df=df,
        q_p_value=float(chdtrc(df, q)) if df else 1.0,
        i2=max(0.0, 1 - df / q) if q > 0 else 0.0,
    )


def _odds(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[float, float, Floats]:
    n = a + b + c + d
    r, s = a * d / n, b * c / n
    _some(r.sum(), s.sum())
    p, q = (a + d) / n, (b + c) / n
    both = r.sum() * s.sum()
    variance = (
        (p * r).sum() / r.sum() ** 2
        + (p * s + q * r).sum() / both
        + (q * s).sum() / s.sum() ** 2
    ) / 2
    return float(np.log(r.sum() / s.sum())), float(variance**0.5), s


def _risks(a: Floats, b: Floats, c: Floats, d: Floats) -> tuple[float, float, Floats]:
    n1, n2 = a + b, c + d
    n = n1 + n2
    r, s = a * n2 / n, c * n1 / n
    _some(r.sum(), s.sum())
    variance = (n1 * n2 * (a + c) / n**2 - a * c / n).sum() / (r.sum() * s.sum())
    return float(np.log(r.sum() / s.sum())), float(variance**0.5), s


def _differences(
    a: Floats, b: Floats, c: Floats, d: Floats
) -> tuple[float, float, Floats]:
    n1, n2 = a + b, c + d
    n = n1 + n2
    weight = n1 * n2 / n
    value = float((a * n2 / n - c * n1 / n).sum() / weight.sum())
    # Sato, Greenland and Robins: holds with few large tables and with many small ones.
    uneven = c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + weight / n * (n2 - n1) / 2
    cross = ((a * d + c * b) / n).sum() / 2
    variance = (value * uneven.sum() + cross) / weight.sum() ** 2
    return value, float(max(variance, 0.0) ** 0.5), weight


_SUMS = {"or": _odds, "rr": _risks, "rd": _differences}


def _some(r: float, s: float) -> None:
    if r == 0 or s == 0:
        raise ValueError(
            "the pooled ratio is zero or infinite: in one arm nobody had the event"
        )


def _known(measure: str) -> None:
    if measure not in _SUMS:
        raise ValueError(f"there is no measure {measure!r}")


def _cells(
    events1: ArrayLike, n1: ArrayLike, events2: ArrayLike, n2: ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    x1, m1, x2, m2 = (
        np.asarray(part, dtype=float) for part in (events1, n1, events2, n2)
    )
    if x1.ndim != 1 or not x1.size or not x1.shape == m1.shape == x2.shape == m2.shape:
        raise ValueError(
            f"counts have shapes {x1.shape}, {m1.shape}, {x2.shape}, {m2.shape}"
        )
    for x, m in ((x1, m1), (x2, m2)):
        if not (np.isfinite(x) & np.isfinite(m)).all():
            raise ValueError("counts are finite")
        if (x != np.floor(x)).any() or (m != np.floor(m)).any():
            raise ValueError("counts are whole numbers")
        if (x < 0).any() or (x > m).any():
            raise ValueError("events are between 0 and the persons of their arm")
        if (m < 1).any():
            raise ValueError("an arm has no persons")
    return x1, m1 - x1, x2, m2 - x2
