"""What pooled studies say: two sentences for people, and what a careful reader asks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rounds.methods.pooling.bayes import BayesPooled
from rounds.methods.pooling.pooled import Pooled
from rounds.nouns import NotEstimable

if TYPE_CHECKING:
    from rounds.loop.evidence.pooling_sheet import PooledStudies

__all__ = [
    "METHODS",
    "axis",
    "notes",
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
_INTERVALS = {
    "normal": "normal",
    "hksj": "Hartung-Knapp-Sidik-Jonkman (t on k-1)",
    "modified_hksj": "Hartung-Knapp-Sidik-Jonkman (t on k-1, never narrowed)",
}
_CHANCE = 0.1
"""p of Cochran's Q below which one effect for all is doubted: it sees little."""
_NAMED = 5


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
    reach = span_written(found, answer.lower, answer.upper)
    first = f"Together the {len(found.study)} studies put the {_what(found)} at {value}"
    if isinstance(found.result, BayesPooled):
        chance = f"with a chance of {_level(found)}"
        return (
            f"{first}; it lies from {reach}, {chance}.",
            f"In a new place like these it lies from {_new(found)}, {chance}.",
        )
    return f"{first}, and anything from {reach} fits them well.", _differences(found)


def notes(found: PooledStudies) -> tuple[str, ...]:
    """Say what a careful reader asks next.

    Parameters
    ----------
    found : PooledStudies
        What was pooled.

    Returns
    -------
    tuple of str
        The model, what other intervals give, single studies, small studies, zeros and
        names that come twice, and what was known against an estimate of one's own.
    """
    return (
        *_model(found),
        *_other_intervals(found),
        *_single(found),
        *_small(found),
        *_tables(found),
        *_twice(found),
        *_ours(found),
    )


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
    unit = " points" if _measure(found) == "rd" else ""
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
    measure = _measure(found)
    if measure in ("or", "rr"):
        return f"{math.exp(value):.3g}"
    if measure == "rd":
        return f"{100 * value:.1f}".replace("-", "−")
    half = (found.answer.upper - found.answer.lower) / 2
    digits = min(max(1 - math.floor(math.log10(half)), 0), 9) if half > 0 else 3
    return f"{value:.{digits}f}".replace("-", "−")


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
    if _measure(found) in ("or", "rr"):
        return f"Natural logarithm of the {what}", what.capitalize()
    if _measure(found) == "rd":
        return "Difference in percentage points", "Difference"
    return "Effect", "Effect"


def _measure(found: PooledStudies) -> str:
    return "effect" if found.sheet.counts is None else found.sheet.measure


def _what(found: PooledStudies) -> str:
    return {
        "effect": "effect",
        "or": "odds ratio",
        "rr": "risk ratio",
        "rd": "difference in risk",
    }[_measure(found)]


def _level(found: PooledStudies) -> str:
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
        if between.q_p_value < _CHANCE:
            return (
                "This takes one effect for all, while the studies differ by more than "
                f"chance (I² {answer.i2:.0%})."
            )
        return (
            "This takes one effect for all, and the studies speak no word against it."
        )
    if answer.tau2 == 0:
        return (
            "The studies differ no more than chance makes them differ; this does not "
            "prove them alike."
        )
    assert isinstance(result, Pooled)
    reach = result.heterogeneity.tau2_interval
    sure = "differ" if reach is not None and reach[0] > 0 else "may differ"
    if isinstance(answer.prediction, NotEstimable):
        return f"The studies {sure} by more than chance, and two cannot say how far."
    return (
        f"The studies {sure} by more than chance: in a new place like these, it may be "
        f"anywhere from {_new(found)}."
    )


def _model(found: PooledStudies) -> Iterator[str]:
    result, answer = found.result, found.answer
    name = METHODS[found.asked.method]
    if isinstance(result, BayesPooled):
        usual = "risk differences" if _measure(found) == "rd" else "log ratios"
        yield (
            f"Model: effects that differ ({name}); half-normal prior of scale "
            f"{found.scales.tau_scale:g} on their standard deviation, normal prior 0 ± "
            f"{found.scales.mean_sd:g} on the mean effect "
            f"({'as given' if found.asked.scales else f'as usual for {usual}'})."
        )
        if result.tau.median > 2 * found.scales.tau_scale:
            yield (
                "The studies differ by more than the prior thought likely: give "
                "--tau-scale in the unit of the effects."
            )
        return
    interval = _INTERVALS[found.asked.interval]
    one = found.asked.method in ("fixed", "mh")
    model = "one effect for all" if one else "effects that differ"
    yield f"Model: {model} ({name}); {_level(found)} interval: {interval}."
    if isinstance(result, Pooled):
        between = result.heterogeneity
        reach = between.tau2_interval
        said = (
            "fits no variance between studies at all"
            if reach is None
            else f"τ² from {reach[0]:.3g} to {reach[1]:.3g}"
        )
        yield (
            f"Between studies: τ² {answer.tau2:.3g}, I² {answer.i2:.0%}; Cochran's Q "
            f"{between.q:.4g} on {between.df} degrees of freedom, whose profile gives "
            f"{said}."
        )


def _other_intervals(found: PooledStudies) -> Iterator[str]:
    if found.asked.method == "fixed" and found.asked.interval != "normal":
        yield (
            "This interval is meant for effects that differ; here it scales that of "
            "one effect by how far the studies lie apart."
        )
    if found.asked.method not in ("dl", "reml", "pm"):
        return
    normal, careful = found.intervals["normal"], found.intervals["modified_hksj"]
    assert isinstance(normal, Pooled)
    assert isinstance(careful, Pooled)
    reach = span_written(found, careful.lower, careful.upper)
    if found.asked.interval == "normal":
        yield (
            "The normal interval takes τ² for known, which few studies cannot tell; "
            f"one that allows for it (--interval modified_hksj) is from {reach}."
        )
    narrow = found.answer.upper - found.answer.lower < normal.upper - normal.lower
    if found.asked.interval == "hksj" and narrow:
        yield (
            "These effects lie closer together than chance would have them, which "
            f"narrows the interval; never narrowed it is from {reach}."
        )


def _single(found: PooledStudies) -> Iterator[str]:
    one = found.influence
    if isinstance(one, NotEstimable):
        return
    at = int(np.argmax(np.abs(one.cooks_distance)))
    reach = span_written(found, float(one.lower[at]), float(one.upper[at]))
    yield (
        f"Most rests on {found.study[at]}: without it, "
        f"{written(found, float(one.estimate[at]))} ({reach})."
    )
    flagged = [found.study[i] for i in np.flatnonzero(one.influential)]
    if flagged:
        yield f"Influential by the usual rules of thumb: {_listed(flagged)}."


def _small(found: PooledStudies) -> Iterator[str]:
    one = found.small_study
    if isinstance(one, NotEstimable):
        yield f"Small-study effects: not tested. {one.reason}"
        return
    if one.p_value < _CHANCE:
        yield (
            "Small studies find other effects than large ones (Egger's test, p = "
            f"{one.p_value:.2g}): results kept back are one reason of several."
        )
    else:
        yield (
            f"Egger's test finds no small-study effects (p = {one.p_value:.2g}); it "
            "overlooks many."
        )
    if _measure(found) == "or":
        yield (
            "A log odds ratio goes with its own standard error, so that this test is "
            "too often positive where effects are large."
        )


def _tables(found: PooledStudies) -> Iterator[str]:
    corrected = [
        name for name, one in zip(found.study, found.corrected, strict=True) if one
    ]
    if corrected and found.asked.method != "mh":
        yield f"A half was added to each cell, one being zero: {_listed(corrected)}."
    if found.left_out:
        yield (
            "Left out, since nobody or everybody had the event: "
            f"{_listed(list(found.left_out))}."
        )


def _twice(found: PooledStudies) -> Iterator[str]:
    twice = [name for name, n in Counter(found.sheet.study).items() if n > 1]
    if twice:
        yield (
            f"More than one row is called {_listed(twice)}: if they are one study, it "
            "counts more than once."
        )


def _ours(found: PooledStudies) -> Iterator[str]:
    one = found.borrowing
    if one is None:
        return
    alone, together = (
        f"{written(found, read.value)} ({span_written(found, read.lower, read.upper)})"
        for read in (one.without, one.with_prior)
    )
    yield f"Your own estimate alone: {alone}; with these studies as prior: {together}."
    if one.conflict:
        yield (
            f"The two disagree by more than chance (p = {one.conflict_p:.2g}): ask why "
            "before joining them. What is left of the studies' weight: "
            f"{one.weight_informative:.0%}."
        )
    else:
        yield f"The two do not disagree by more than chance (p = {one.conflict_p:.2g})."


def _listed(names: list[str]) -> str:
    rest = len(names) - _NAMED
    shown = names[:_NAMED] + ([f"{rest} more"] if rest > 0 else [])
    if len(shown) == 1:
        return shown[0]
    return ", ".join(shown[:-1]) + " and " + shown[-1]
