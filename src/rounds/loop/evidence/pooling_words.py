"""What pooled studies say, in two sentences, and how an effect is written."""

from __future__ import annotations

import math

from rounds.loop.evidence.pooled_studies import PooledStudies
from rounds.methods.pooling.bayes import BayesPooled
from rounds.methods.pooling.pooled import Pooled
from rounds.nouns import NotEstimable

__all__ = [
    "CHANCE",
    "METHODS",
    "axis",
    "level_written",
    "measure_of",
    "sentences",
    "short",
    "span_written",
    "written",
]

METHODS = {
    "fixed": "fixed effect",
    "mh": "Mantel-Haenszel",
    "dl": "DerSimonian-Laird",
    "reml": "REML",
    "pm": "Paule-Mandel",
    "bayes": "Bayesian",
}
_COARSE = 0.02
"""Percentage points above which an interval's half is told by two decimals."""
CHANCE = 0.1
"""p of Cochran's Q and of Egger's test, which see little, below which they are told."""


def sentences(found: PooledStudies) -> tuple[str, str]:
    """Say in two sentences what the studies say together, and how far they differ.

    Parameters
    ----------
    found : PooledStudies
        What was pooled.

    Returns
    -------
    pair of str
        For a reader without statistics; each claim is a number of `found`.
    """
    answer = found.answer
    value = written(found, answer.estimate)
    reach = f"{short(found, answer.lower)} to {short(found, answer.upper)}"
    first = f"Pooled, the {len(found.study)} studies put the {_what(found)} at {value}"
    if isinstance(found.result, BayesPooled):
        chance = f"with a chance of {level_written(found)}"
        return (
            f"{first}; it lies from {reach}, {chance}.",
            f"In a new place it lies from {_new(found)}, as sure as that.",
        )
    return f"{first}, and all from {reach} fits them too.", _differences(found)


def written(found: PooledStudies, value: float) -> str:
    """Write an effect as it is read: a ratio as such, a difference in points.

    Parameters
    ----------
    found : PooledStudies
        Says which measure it is, and how many digits tell.
    value : float
        On the pooled scale.

    Returns
    -------
    str
        With a true minus sign; "points" are percentage points.
    """
    unit = " points" if measure_of(found) == "rd" else ""
    return short(found, value) + unit


def span_written(found: PooledStudies, lower: float, upper: float) -> str:
    """Write an interval.

    Parameters
    ----------
    found : PooledStudies
        As `written`.
    lower, upper : float
        On the pooled scale.

    Returns
    -------
    str
        "lower to upper".
    """
    return f"{short(found, lower)} to {written(found, upper)}"


def short(found: PooledStudies, value: float) -> str:
    """Write an effect as `written` does, with no unit.

    Parameters
    ----------
    found, value
        As `written`.

    Returns
    -------
    str
        For tables and pictures, whose heading names the unit.
    """
    measure = measure_of(found)
    if measure in ("or", "rr"):
        ratio = math.exp(value)
        return f"{ratio:.2f}" if 0.01 <= ratio < 100 else f"{ratio:.3g}"
    factor = 100 if measure == "rd" else 1
    half = factor * (found.answer.upper - found.answer.lower) / 2
    digits = min(max(1 - math.floor(math.log10(half)), 0), 9) if half > 0 else 3
    if measure == "rd" and half > _COARSE:
        digits = min(digits, 2)
    return f"{factor * value:.{digits}f}".replace("-", "−")


def axis(found: PooledStudies) -> tuple[str, str]:
    """Name what a picture's axis shows, and what its numbers are.

    Parameters
    ----------
    found : PooledStudies
        What was pooled.

    Returns
    -------
    pair of str
        Ratios lie on the axis by their logarithm, and are written as ratios.
    """
    what = _what(found)
    if measure_of(found) in ("or", "rr"):
        return f"Natural logarithm of the {what}", what.capitalize()
    if measure_of(found) == "rd":
        return "Difference in percentage points", "Difference"
    return "Effect", "Effect"


def measure_of(found: PooledStudies) -> str:
    """Say what was pooled: "or", "rr" or "rd" of counts, or "effect".

    Parameters
    ----------
    found : PooledStudies
        What was pooled.

    Returns
    -------
    str
    """
    return "effect" if found.sheet.counts is None else found.sheet.measure


def _what(found: PooledStudies) -> str:
    return {
        "effect": "effect",
        "or": "odds ratio",
        "rr": "risk ratio",
        "rd": "gap in risk",
    }[measure_of(found)]


def level_written(found: PooledStudies) -> str:
    """Write the level of all intervals, in percent.

    Parameters
    ----------
    found : PooledStudies
        What was pooled.

    Returns
    -------
    str
    """
    return f"{found.asked.level * 100:.4g}%"


def _new(found: PooledStudies) -> str:
    ends = found.answer.prediction
    assert not isinstance(ends, NotEstimable)
    return span_written(found, *ends)


def _differences(found: PooledStudies) -> str:
    answer, result = found.answer, found.result
    assert not isinstance(result, BayesPooled)
    if found.asked.method in ("fixed", "mh"):
        between = result.heterogeneity if isinstance(result, Pooled) else result
        if between.q_p_value < CHANCE:
            return (
                "This takes one effect for all, while the studies differ by more than "
                f"chance (I² {answer.i2:.0%})."
            )
        return (
            "This takes one effect for all, and the studies speak no word against it."
        )
    if answer.tau2 == 0:
        return (
            "They differ no more than chance makes them differ; this does not prove "
            "them alike."
        )
    assert isinstance(result, Pooled)
    reach = result.heterogeneity.tau2_interval
    sure = "differ" if reach is not None and reach[0] > 0 else "may differ"
    if isinstance(answer.prediction, NotEstimable):
        return f"They {sure} by more than chance, and two cannot say how far."
    return (
        f"They {sure} by more than chance, and in a new place it may lie from "
        f"{_new(found)}."
    )
