"""Small counts in an Equity."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from rounds.ledger.disclosure.cells import (
    HIDDEN,
    coarse,
    hide_estimate,
    missing_counts,
    rounded,
    suppress_counted,
    without_small_n,
)
from rounds.ledger.disclosure.results import hide_unit
from rounds.ledger.disclosure.wording import safe_texts
from rounds.methods.disclosure.suppression import Suppression, is_small
from rounds.nouns import (
    Equity,
    Estimate,
    GroupGap,
    Inequality,
    Meeting,
    NotEstimable,
    UnitResult,
)

__all__ = ["COMPARED", "equity_without", "safe_equity", "without_counts"]

COMPARED = ("sex", "age", "svi_quartile")
"""Characteristics whose groups are compared with all that was told before."""

_DIGITS = 2
"""Of the cells where groups meet, once their counts are hidden."""


def safe_equity(equity: Equity) -> Equity:
    """Hide small groups, what would give them back, and cells where groups meet.

    Every characteristic's table is a partition of the same people, so their total is
    known of each. The cells where groups meet have these tables as margins: where one
    cell is small none keeps its counts, so that no margin gives it back.
    """
    total = None
    if isinstance(equity.overall, Estimate):
        total = missing_counts(equity.overall) or (equity.overall.n or 0, 0)
    chosen = [_suppress(one.groups, total) for one in equity.inequalities]
    overall = hide_estimate(equity.overall)
    if any(one.total for one in chosen):
        # Another table would give the total back: each of them keeps a hidden group.
        overall = HIDDEN
        chosen = [
            one
            if one.cells.any()
            else Suppression(np.ones_like(one.cells), total=one.total)
            for one in chosen
        ]
    inequalities = tuple(
        _inequality(one, mask.cells, total_is_hidden=overall == HIDDEN)
        for one, mask in zip(equity.inequalities, chosen, strict=True)
    )
    return equity.model_copy(
        update={
            "overall": overall,
            "inequalities": inequalities,
            "meeting": _meeting(equity.meeting),
            "limitations": safe_texts(equity.limitations),
        }
    )


def equity_without(equity: Equity, withheld: Collection[str]) -> Equity:
    """Take out of an Equity what is too close to what was told before.

    Parameters
    ----------
    equity : Equity
        As `safe_equity` gives it.
    withheld : collection of str
        Groups that may not be told, as `sex F`: their table keeps none. A table of
        `COMPARED` none of whose groups is named keeps its counts; of what was not
        compared with earlier answers (other characteristics, and cells where groups
        meet) proportions alone are left, with two decimals.
    """
    tables = []
    for one in equity.inequalities:
        names = {f"{one.characteristic} {group.unit}" for group in one.groups}
        if one.characteristic in COMPARED and not names & set(withheld):
            tables.append(one)
            continue
        if names & set(withheld):
            tables.append(_inequality(one, np.ones(len(one.groups), dtype=bool)))
        else:
            tables.append(_in_proportions(one))
    meeting = equity.meeting
    if isinstance(meeting, Meeting):
        meeting = _without_cell_counts(meeting)
    return equity.model_copy(update={"inequalities": tuple(tables), "meeting": meeting})


def _suppress(
    groups: tuple[UnitResult, ...], total: tuple[int, int] | None
) -> Suppression:
    if all(one.denominator is None and not one.suppressed for one in groups):
        # Its counts were left out before: nothing is there to hide.
        return Suppression(np.zeros(len(groups), dtype=bool), total=False)
    return suppress_counted(
        groups, total, suppressed=[one.suppressed for one in groups]
    )


def _is_small_unit(unit: UnitResult) -> bool:
    d, k = unit.denominator or 0, unit.numerator or 0
    return any(is_small(part) for part in (d, k, d - k))


def _inequality(
    found: Inequality,
    mask: NDArray[np.bool_],
    *,
    total_is_hidden: bool = False,
) -> Inequality:
    groups = found.groups
    if not mask.any():
        return found.model_copy(
            update={"not_recorded": hide_estimate(found.not_recorded)}
        )
    names = {one.unit for one, hide in zip(groups, mask, strict=True) if hide}
    # A group's share of patients, or their number in a sum, is the rest of the total.
    not_recorded = found.not_recorded
    last = groups[-1].unit if groups else ""
    if isinstance(not_recorded, Estimate) and (
        total_is_hidden or last in names or hide_estimate(not_recorded) == HIDDEN
    ):
        not_recorded = HIDDEN
    return found.model_copy(
        update={
            "groups": tuple(
                hide_unit(one) if one.unit in names else one for one in groups
            ),
            "not_recorded": not_recorded,
            "slope": _vague(found.slope),
            "relative": _vague(found.relative),
            "concentration": _vague(found.concentration),
            "spread": _vague(found.spread),
            "gaps": tuple(_gap(one, names) for one in found.gaps),
            "attributable": _vague(found.attributable),
        }
    )


def _in_proportions(found: Inequality) -> Inequality:
    """Leave proportions alone, and no number of patients that gives their counts."""
    return found.model_copy(
        update={
            "groups": tuple(without_counts(one) for one in found.groups),
            "not_recorded": _vague(found.not_recorded),
            "slope": _vague(found.slope),
            "relative": _vague(found.relative),
            "concentration": _vague(found.concentration),
            "spread": _vague(found.spread),
            "gaps": tuple(_gap(one, set()) for one in found.gaps),
            "attributable": _vague(found.attributable),
        }
    )


def _vague(found: Estimate | NotEstimable) -> Estimate | NotEstimable:
    """Round, and leave the number of patients out: a total less a hidden group."""
    if isinstance(found, NotEstimable):
        return found
    rough = coarse(found)
    assert isinstance(rough, Estimate)
    return rough.model_copy(update={"n": None})


def _gap(gap: GroupGap, hidden: set[str]) -> GroupGap:
    if not isinstance(gap.gap, Estimate):
        return gap
    # The best-off group may be the hidden one: a gap and a rate would give its back.
    return gap.model_copy(
        update={"gap": HIDDEN if gap.group in hidden else _vague(gap.gap)}
    )


def _meeting(found: Meeting | NotEstimable) -> Meeting | NotEstimable:
    if isinstance(found, NotEstimable):
        return found
    cells = found.cells
    if not any(one.suppressed or _is_small_unit(one) for one in cells):
        return found
    return _without_cell_counts(found)


def _without_cell_counts(found: Meeting) -> Meeting:
    vpc = found.vpc
    if isinstance(vpc, Estimate):
        rough = coarse(without_small_n(vpc))
        vpc = rough.model_copy(update={"n": None})
    return found.model_copy(
        update={
            "cells": tuple(without_counts(one) for one in found.cells),
            "vpc": vpc,
            "pcv": rounded(found.pcv),
        }
    )


def without_counts(cell: UnitResult) -> UnitResult:
    """Leave the proportion with two decimals; nothing where a count is small."""
    if cell.suppressed or _is_small_unit(cell):
        return hide_unit(cell)
    kept = {
        name: None if number is None else round(number, _DIGITS)
        for name, number in (
            ("value", cell.value),
            ("lower", cell.lower),
            ("upper", cell.upper),
        )
    }
    return UnitResult(unit=cell.unit, **kept)
