"""Whom does care fall short for: over groups, and where groups meet?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rounds import __version__
from rounds.datamart.areas.coverage import area_notes
from rounds.datamart.characteristics import KNOWN, characteristics_of
from rounds.datamart.measures.counts import UNKNOWN, labels_of
from rounds.datamart.rows import MeasureRows, measure_rows
from rounds.datamart.social_needs import NONE_FOUND
from rounds.loop.problem.differences import baseline_of
from rounds.loop.problem.inequality import inequality
from rounds.loop.problem.variation import with_intervals
from rounds.methods.inequality.intersections import intersections
from rounds.nouns import (
    DataError,
    DefinitionError,
    Equity,
    Estimate,
    Measure,
    Meeting,
    NotEstimable,
    Period,
    Provenance,
    UnitResult,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rounds.datamart import AnyDatamart

__all__ = ["Split", "equity_of", "run_equity", "splits_of"]

ORDERED = {
    "age": "oldest end minus youngest",
    "svi_quartile": "most vulnerable end of neighbourhoods minus least",
}
"""Characteristics with an order, and what the order's last end is held against."""
_MEETING = ("sex", "age", "svi_quartile")
_NO_NEED = "none recorded"
_NOT_WHY = (
    "Groups differ in more than their care: an inequality says where to look, not what "
    "makes it."
)
_NOT_ASKED = (
    "A social need that nobody wrote down counts as none: it may not have been asked."
)
_ASKED = (
    "Social needs are compared among those who were asked with a questionnaire that is "
    "known here, or have a code of a need: not everybody is asked, and one question "
    "that was answered is enough to count as asked."
)
_NOT_RECORDED = (
    "Whoever's characteristic is not recorded is in no comparison by it, and may "
    "differ from those of whom it is."
)


@dataclass(frozen=True, eq=False)
class Split:
    """One characteristic of those in the denominator."""

    name: str
    labels: NDArray[np.str_]
    """Shape (n_patients,)."""
    unknown: str
    """The label of those of whom it is not recorded."""
    contrast: str = ""
    """Of an ordered one: which end is held against which."""


def run_equity(
    measure: Measure,
    datamart: AnyDatamart,
    *,
    name: str,
    title: str,
    period: Period,
    without: frozenset[str] = frozenset(),
) -> Equity:
    """Find over whom a measure is unequal, of what the datamart records of patients.

    Parameters
    ----------
    measure : Measure
        A proportion.
    name, title : str
        Of the noun that is given.
    period : Period
        Both days included.
    without : frozenset of str
        `person_source_value` of those who opted out.

    Returns
    -------
    Equity
        With exact counts: disclosure control acts where it is published.

    Raises
    ------
    DefinitionError
        If the measure is not a proportion, or has a problem.
    DataError
        If the datamart cannot answer the measure, or nobody is in its denominator.
    """
    if measure.scoring != "proportion":
        raise DefinitionError(
            f"Measure.scoring of {measure.name!r} is {measure.scoring!r}.",
            code="problem-not-a-proportion",
            why="Indices of inequality are computed for proportions.",
            remedies=("Name a measure whose scoring is proportion.",),
        )
    rows = measure_rows(datamart, measure, period, without=without)
    if isinstance(rows, NotEstimable) or not np.asarray(rows.denominator).any():
        reason = (
            rows.reason
            if isinstance(rows, NotEstimable)
            else f"Nobody is in its denominator from {period.start} to {period.end}."
        )
        raise DataError(
            f"The data cannot answer {measure.name!r}: {reason}",
            code="measure-not-estimable",
            remedies=("Choose a period that the data cover, or another measure.",),
        )
    counted = np.asarray(rows.denominator)
    more = characteristics_of(datamart, rows.person_id[counted], period.end)
    found = equity_of(rows, measure, more)
    return found.model_copy(
        update={
            "name": name,
            "title": title,
            "period": period,
            "limitations": (
                *area_notes(datamart, rows, period),
                *found.limitations,
            ),
            "provenance": Provenance(
                made_from=(measure.ref(),),
                snapshot=datamart.snapshot,
                code_version=__version__,
            ),
        }
    )


def equity_of(
    rows: MeasureRows, measure: Measure, more: dict[str, NDArray[np.str_]]
) -> Equity:
    """Do the same to rows that have been read.

    Parameters
    ----------
    rows : MeasureRows
        A proportion's rows.
    more : dict of str to ndarray, shape (n in the denominator,)
        What else is recorded of those in the denominator.

    Returns
    -------
    Equity
        Named after the measure, its period that of the rows' index days.
    """
    counted = np.asarray(rows.denominator)
    days = np.asarray(rows.index_date)[counted]
    y = np.asarray(rows.numerator)[counted]
    sites = np.asarray(np.asarray(rows.care_site, dtype=str)[counted])
    splits = splits_of(rows, more)
    better = measure.improvement_notation == "increase"
    return Equity(
        name=measure.name,
        title=measure.title,
        measure=measure.ref(),
        period=Period(start=days.min().item(), end=days.max().item()),
        overall=baseline_of(rows),
        inequalities=tuple(
            inequality(
                one.labels,
                y,
                sites,
                name=one.name,
                unknown=one.unknown,
                contrast=one.contrast,
                more_is_better=better,
            )
            for one in splits
        ),
        meeting=_meeting([one for one in splits if one.name in _MEETING], y),
        limitations=_limitations(more),
    )


def splits_of(rows: MeasureRows, more: dict[str, NDArray[np.str_]]) -> list[Split]:
    """Give each characteristic that is known of anybody, for those who count.

    Parameters
    ----------
    rows : MeasureRows
        Sex, age and neighbourhood are theirs.
    more : dict of str to ndarray, shape (n in the denominator,)
        What else is recorded.
    """
    counted = np.asarray(rows.denominator)
    splits = [
        Split(
            name, labels_of(rows, name)[counted], UNKNOWN[name], ORDERED.get(name, "")
        )
        for name in _MEETING
    ]
    for name, labels in more.items():
        if name == "social_need":
            splits.append(_needs(labels))
        else:
            unknown = "(not recorded)"
            splits.append(Split(name, np.where(labels == "", unknown, labels), unknown))
    return splits


def _needs(labels: NDArray[np.str_]) -> Split:
    """Split by needs: who was asked, where that is recorded of anybody.

    Where it is not, whoever has no need may have been asked, or not: a group.
    """
    if (labels == NONE_FOUND).any():
        unknown = "(not asked)"
        return Split("social_need", np.where(labels == "", unknown, labels), unknown)
    return Split("social_need", np.where(labels == "", _NO_NEED, labels), "")


def _meeting(splits: list[Split], y: NDArray[np.bool_]) -> Meeting | NotEstimable:
    """Fit the cells in which groups meet, of those of whom all is recorded."""
    known = np.ones(y.size, dtype=bool)
    used = []
    for one in splits:
        recorded = one.labels != one.unknown
        if np.unique(one.labels[recorded]).size > 1:
            known &= recorded
            used.append(one)
    if len(used) < 2 or not known.any():
        return NotEstimable(
            reason="Fewer than two characteristics with two groups each are recorded "
            "of the same patients, so that none meet."
        )
    table = np.column_stack([one.labels[known] for one in used])
    cells, place = np.unique(table, axis=0, return_inverse=True)
    n = np.bincount(place, minlength=len(cells))
    x = np.bincount(place, weights=y[known], minlength=len(cells)).astype(int)
    try:
        found = intersections(x, n, cells)
    except ValueError as error:
        return NotEstimable(reason=f"Where groups meet cannot be told: {error}.")
    units = with_intervals(
        [
            UnitResult(unit=" · ".join(cell), denominator=int(a), numerator=int(b))
            for cell, a, b in zip(cells.tolist(), n, x, strict=True)
        ]
    )
    drawn = zip(units, found.value, found.lower, found.upper, strict=True)
    return Meeting(
        characteristics=tuple(one.name for one in used),
        cells=tuple(
            unit.model_copy(
                update={"value": float(v), "lower": float(a), "upper": float(b)}
            )
            for unit, v, a, b in drawn
        ),
        vpc=Estimate(
            value=found.vpc,
            lower=found.vpc_lower,
            upper=found.vpc_upper,
            scale="proportion",
            n=int(n.sum()),
            estimand="Share of the latent variance that lies between cells",
            method="MAIHDA: random-intercept logistic model; profile likelihood",
        ),
        pcv=found.pcv,
    )


def _limitations(more: dict[str, NDArray[np.str_]]) -> tuple[str, ...]:
    said = [_NOT_WHY, _NOT_RECORDED]
    missing = [name.replace("_", " ") for name in KNOWN if name not in more]
    if missing:
        said.append(f"The datamart records nothing of: {', '.join(missing)}.")
    needs = more.get("social_need")
    if needs is not None:
        said.append(_ASKED if (needs == NONE_FOUND).any() else _NOT_ASKED)
    return tuple(said)
