"""What a careful reader of pooled studies asks next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from rounds.loop.evidence.moderators_told import moderators_in_words
from rounds.loop.evidence.pooled_studies import PooledStudies
from rounds.loop.evidence.pooling_words import (
    CHANCE,
    METHODS,
    level_written,
    measure_of,
    span_written,
    written,
)
from rounds.methods.pooling.bayes import BayesPooled
from rounds.methods.pooling.pooled import Pooled
from rounds.nouns import NotEstimable

__all__ = ["notes"]

_INTERVALS = {
    "normal": "normal",
    "hksj": "Hartung-Knapp-Sidik-Jonkman (t on k-1)",
    "modified_hksj": "Hartung-Knapp-Sidik-Jonkman (t on k-1, never narrowed)",
}
_NAMED = 5


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
        *moderators_in_words(found),
        *_small(found),
        *_tables(found),
        *_twice(found),
        *_ours(found),
    )


def _model(found: PooledStudies) -> Iterator[str]:
    result, answer = found.result, found.answer
    name = METHODS[found.asked.method]
    if isinstance(result, BayesPooled):
        usual = "risk differences" if measure_of(found) == "rd" else "log ratios"
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
    yield f"Model: {model} ({name}); {level_written(found)} interval: {interval}."
    if isinstance(result, Pooled):
        between = result.heterogeneity
        reach = between.tau2_interval
        said = (
            "fits no variance between studies at all"
            if reach is None
            else f"gives τ² from {reach[0]:.3g} to {reach[1]:.3g}"
        )
        tau2 = "" if one else f"τ² {answer.tau2:.3g}, "
        yield (
            f"Between studies: {tau2}I² {answer.i2:.0%}; Cochran's Q "
            f"{between.q:.4g} on {between.df} degrees of freedom; its profile {said}."
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
    if one.p_value < CHANCE:
        yield (
            "Small studies find other effects than large ones (Egger's test, p = "
            f"{one.p_value:.2g}): results kept back are one reason of several."
        )
    else:
        yield (
            f"Egger's test finds no small-study effects (p = {one.p_value:.2g}); it "
            "overlooks many."
        )
    if measure_of(found) == "or":
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
