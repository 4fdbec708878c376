"""Studies of a spreadsheet pooled: effects or two-by-two tables in, one answer out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rounds.loop.evidence.moderators import Moderated, moderated
from rounds.loop.evidence.pooled_studies import Answer, PooledStudies
from rounds.loop.evidence.study_sheet import (
    PoolAsked,
    PriorScales,
    StudySheet,
    check_asked,
    check_rows,
    usual_scales,
)
from rounds.methods.pooling.bayes import BayesPooled, bayes
from rounds.methods.pooling.influence import influence
from rounds.methods.pooling.pooled import Pooled, pool
from rounds.methods.pooling.small_study import egger, funnel_contours
from rounds.methods.pooling.studies import Interval, quantile
from rounds.methods.pooling.tables import MantelHaenszel, mantel_haenszel, of_tables
from rounds.methods.pooling.variance import Method
from rounds.methods.priors.borrowing import Borrowing, borrow
from rounds.methods.priors.prior import predictive, tau_span
from rounds.nouns import NotEstimable
from rounds.nouns.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["INTERVALS", "pool_studies"]

INTERVALS: tuple[Interval, ...] = ("normal", "hksj", "modified_hksj")

Found = TypeVar("Found")
# By which method studies are left out in turn, where a method has none of its own.
_BESIDE: dict[str, Method] = {
    "fixed": "fixed",
    "mh": "fixed",
    "dl": "dl",
    "pm": "pm",
    "reml": "reml",
    "bayes": "reml",
}


def pool_studies(sheet: StudySheet, asked: PoolAsked) -> PooledStudies:
    """Pool the studies of a spreadsheet.

    Parameters
    ----------
    sheet : StudySheet
        Rows as they were read: finite numbers, counts whole and not negative.
    asked : PoolAsked
        How.

    Returns
    -------
    PooledStudies

    Raises
    ------
    DataError
        If a standard error is not above 0, events exceed persons, an arm is empty,
        fewer than two studies can be pooled, or effects that do not differ at all are
        to give an interval by their spread.
    DefinitionError
        If what is asked for does not go together, or a level, weight or scale is
        impossible.
    """
    check_asked(sheet, asked)
    check_rows(sheet)
    given = _given(sheet)
    effects, ses = given.effects, given.ses
    scales = asked.scales or usual_scales(sheet)
    result = _result(sheet, asked, scales, given)
    answer = _answer(result)
    z = quantile("normal", asked.level, 1)
    return PooledStudies(
        sheet=sheet,
        asked=asked,
        scales=scales,
        study=given.study,
        effects=effects,
        ses=ses,
        lower=effects - z * ses,
        upper=effects + z * ses,
        corrected=given.corrected,
        left_out=given.left_out,
        answer=answer,
        result=result,
        intervals=_intervals(asked, effects, ses),
        influence=_or_reason(
            lambda: influence(
                effects,
                ses,
                method=_BESIDE[asked.method],
                interval=asked.interval,
                level=asked.level,
            )
        ),
        influence_method=_BESIDE[asked.method],
        small_study=_or_reason(lambda: egger(effects, ses, level=asked.level)),
        contours=funnel_contours(ses, answer.estimate),
        borrowing=_borrowing(asked, scales, effects, ses),
        moderated=_moderated(sheet, asked, given),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Given:
    """The rows that tell something."""

    study: tuple[str, ...]
    effects: NDArray[np.float64]
    ses: NDArray[np.float64]
    corrected: NDArray[np.bool_]
    counts: tuple[NDArray[np.float64], ...] | None
    left_out: tuple[str, ...]
    tells: NDArray[np.bool_]
    """Shape (n_rows,): which rows these are."""


def _given(sheet: StudySheet) -> _Given:
    if sheet.counts is None:
        assert sheet.effects is not None
        assert sheet.ses is not None
        return _Given(
            study=sheet.study,
            effects=sheet.effects,
            ses=sheet.ses,
            corrected=np.zeros(sheet.effects.size, dtype=bool),
            counts=None,
            left_out=(),
            tells=np.ones(sheet.effects.size, dtype=bool),
        )
    x1, m1, x2, m2 = sheet.counts
    found = of_tables(x1, m1, x2, m2, measure=sheet.measure)
    tells = found.tells
    if int(tells.sum()) < 2:
        raise DataError(
            f"{sheet.name}: in all tables but {int(tells.sum())} nobody, or everybody, "
            "had the event, so there is nothing to pool a ratio of.",
            code="pool-nothing-told",
            why="Such a table is compatible with every ratio.",
            remedies=("Pool risk differences: --measure rd.",),
        )
    names = np.array(sheet.study, dtype=object)
    return _Given(
        study=tuple(names[tells]),
        effects=found.effects[tells],
        ses=found.ses[tells],
        corrected=found.corrected[tells],
        counts=tuple(column[tells] for column in sheet.counts),
        left_out=tuple(names[~tells]),
        tells=tells,
    )


def _result(
    sheet: StudySheet, asked: PoolAsked, scales: PriorScales, given: _Given
) -> Pooled | BayesPooled | MantelHaenszel:
    try:
        if asked.method == "bayes":
            return bayes(
                given.effects,
                given.ses,
                tau_scale=scales.tau_scale,
                mean_sd=scales.mean_sd,
                level=asked.level,
            )
        if asked.method == "mh":
            assert given.counts is not None
            x1, m1, x2, m2 = given.counts
            return mantel_haenszel(
                x1, m1, x2, m2, measure=sheet.measure, level=asked.level
            )
        return pool(
            given.effects,
            given.ses,
            method=asked.method,
            interval=asked.interval,
            prediction=asked.prediction,
            level=asked.level,
        )
    except ValueError as error:
        raise DataError(
            f"{sheet.name}: {error}.",
            code="pool-no-answer",
            why="A number made up for this would look like a finding.",
            remedies=(
                "Where effects do not differ: --interval modified_hksj, or normal.",
                "Where one arm has no events at all: --measure rd.",
            ),
        ) from None


def _answer(result: Pooled | BayesPooled | MantelHaenszel) -> Answer:
    one = NotEstimable(
        reason="One effect is taken for all studies, so that a new one has it too."
    )
    if isinstance(result, BayesPooled):
        return Answer(
            estimate=result.effect.mean,
            se=result.effect.sd,
            lower=result.effect.lower,
            upper=result.effect.upper,
            tau2=result.tau2,
            i2=result.i2,
            prediction=(result.new.lower, result.new.upper),
            weights=result.weights,
        )
    tau2 = 0.0
    prediction: tuple[float, float] | NotEstimable = one
    if isinstance(result, MantelHaenszel):
        i2 = result.i2
    else:
        tau2, i2 = result.heterogeneity.tau2, result.heterogeneity.i2
        if result.prediction is not None:
            prediction = result.prediction
        elif result.method != "fixed":
            few = "A prediction interval needs three studies."
            prediction = NotEstimable(reason=few)
    return Answer(
        estimate=result.estimate,
        se=result.se,
        lower=result.lower,
        upper=result.upper,
        tau2=tau2,
        i2=i2,
        prediction=prediction,
        weights=result.weights,
    )


def _intervals(
    asked: PoolAsked, effects: NDArray[np.float64], ses: NDArray[np.float64]
) -> dict[Interval, Pooled | NotEstimable]:
    method = asked.method
    if method in {"bayes", "mh"}:
        return {}

    def one(interval: Interval) -> Pooled | NotEstimable:
        return _or_reason(
            lambda: pool(
                effects,
                ses,
                method=_BESIDE[method],
                interval=interval,
                prediction=asked.prediction,
                level=asked.level,
            )
        )

    return {interval: one(interval) for interval in INTERVALS}


def _or_reason(found: Callable[[], Found]) -> Found | NotEstimable:
    """Give what a method finds, or why it finds nothing."""
    try:
        return found()
    except ValueError as error:
        words = str(error)
        return NotEstimable(reason=f"{words[0].upper()}{words[1:]}.")


def _moderated(
    sheet: StudySheet, asked: PoolAsked, given: _Given
) -> Moderated | NotEstimable | None:
    if not sheet.moderators:
        return None
    chosen = [replace(one, values=one.values[given.tells]) for one in sheet.moderators]
    return moderated(
        chosen,
        given.effects,
        given.ses,
        method=_BESIDE[asked.method],
        interval=asked.interval,
        level=asked.level,
    )


def _borrowing(
    asked: PoolAsked,
    scales: PriorScales,
    effects: NDArray[np.float64],
    ses: NDArray[np.float64],
) -> Borrowing | None:
    if asked.ours is None:
        return None
    tau_scale, mean_sd = scales.tau_scale, scales.mean_sd
    span = tau_span(effects, ses, tau_scale=tau_scale, mean_sd=mean_sd)
    known = predictive(effects, ses, tau_scale=tau_scale, mean_sd=mean_sd, span=span)
    return borrow(
        known,
        *asked.ours,
        vague_sd=scales.mean_sd,
        vague_weight=asked.vague_weight,
        level=asked.level,
    )
