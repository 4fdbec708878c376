"""Superiority, non-inferiority, equivalence: what an interval says against a margin."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

__all__ = ["Better", "Hypothesis", "Judgement", "judge"]

Hypothesis = Literal["superiority", "non-inferiority", "equivalence"]
Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Judgement:
    """Where an interval lies against what it was to exclude."""

    verdict: Literal["shown", "not_shown", "contrary_shown"]
    """`contrary_shown`: the whole interval lies beyond the bound, on the other side."""
    lower_bound: float | None
    """The effect must be above it, on the effect's scale; None where no such is set."""
    upper_bound: float | None
    one_sided_level: float
    """The chance to show what is not so, at most: (1 − the interval's level) / 2."""
    p_value: float | None
    """One-sided, the larger of two for equivalence; None without a standard error."""


def judge(
    estimate: float,
    lower: float,
    upper: float,
    *,
    hypothesis: Hypothesis,
    level: float,
    margin: float | None = None,
    better: Better | None = None,
    ratio: bool = False,
    se: float | None = None,
    df: float | None = None,
) -> Judgement:
    """Judge an interval.

    Parameters
    ----------
    estimate, lower, upper : float
        The effect and its interval.
    hypothesis : {"superiority", "non-inferiority", "equivalence"}
        What is to be shown.
    level : float
        Of the two-sided interval, in (0, 1).
    margin : float, optional
        Above 0; of a ratio, not 1 (0.8 and 1.25 are the same margin). Of superiority,
        none, or by how much it must be better.
    better : {"lower", "higher"}, optional
        Which direction of the effect is; needed but for equivalence.
    ratio : bool
        Whether no effect is 1, not 0.
    se, df : float, optional
        Standard error where the effect is a sum (of a ratio, its logarithm's), and its
        degrees of freedom (none: normal).

    Returns
    -------
    Judgement
        Equivalence needs the whole interval within both bounds, so it is two one-sided
        tests at (1 − level) / 2 each: for two tests at 5% the interval is one of 90%.

    Raises
    ------
    ValueError
        If a number is out of its range, or what the hypothesis needs is not given.

    References
    ----------
    Piaggio G, Elbourne DR, Pocock SJ, Evans SJW, Altman DG (2012). Reporting of
    noninferiority and equivalence randomized trials: extension of the CONSORT 2010
    statement. JAMA 308:2594-2604 (its figure of intervals against a margin).

    Examples
    --------
    >>> judge(0.01, -0.02, 0.04, hypothesis="non-inferiority", level=0.95, margin=0.05,
    ...       better="lower").verdict
    'shown'
    """
    below, above = _bounds(hypothesis, margin, better, ratio=ratio)
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1")
    if not (np.isfinite([estimate, lower, upper]).all() and lower <= upper):
        raise ValueError("an interval has two finite ends")
    if (below is None or lower > below) and (above is None or upper < above):
        verdict: Literal["shown", "not_shown", "contrary_shown"] = "shown"
    elif (below is not None and upper < below) or (above is not None and lower > above):
        verdict = "contrary_shown"
    else:
        verdict = "not_shown"
    p_value = None
    if se is not None:
        law = scipy.stats.norm() if df is None else scipy.stats.t(df)
        one, *ends = (
            np.log(value) if ratio else value
            for value in (estimate, *(b for b in (below, above) if b is not None))
        )
        signs = [1 if b is below else -1 for b in (below, above) if b is not None]
        p_value = max(
            float(law.sf(sign * (one - end) / se))
            for sign, end in zip(signs, ends, strict=True)
        )
    return Judgement(verdict, below, above, (1 - level) / 2, p_value)


def _bounds(
    hypothesis: Hypothesis,
    margin: float | None,
    better: Better | None,
    *,
    ratio: bool,
) -> tuple[float | None, float | None]:
    """Give what the effect must be above, and below."""
    if hypothesis != "superiority" and margin is None:
        raise ValueError(f"{hypothesis} needs a margin")
    if hypothesis != "equivalence" and better is None:
        raise ValueError(f"{hypothesis} needs the direction that is better")
    if margin is not None and not (np.isfinite(margin) and margin > 0):
        raise ValueError("a margin is above 0, whichever direction is better")
    if margin == 1 and ratio:
        raise ValueError("a margin of a ratio is not 1: 1 is no effect")
    if margin is None:
        low = high = 1.0 if ratio else 0.0
    elif ratio:
        high = max(margin, 1 / margin)
        low = 1 / high
    else:
        low, high = -margin, margin
    if hypothesis == "equivalence":
        return low, high
    if hypothesis == "non-inferiority":
        return (None, high) if better == "lower" else (low, None)
    return (None, low) if better == "lower" else (high, None)
