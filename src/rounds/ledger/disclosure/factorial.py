"""Small counts in the four cells of two factors."""

from rounds.ledger.disclosure.cells import coarse, hide_estimate
from rounds.ledger.disclosure.value import safe_value
from rounds.ledger.disclosure.wording import safe_text
from rounds.methods.disclosure.suppression import is_small
from rounds.nouns import CellSummary, Estimate, FactorialResult, NotEstimable

__all__ = ["safe_cells"]

_CONTRASTS = ("interaction", "first_alone", "second_alone", "both")
_HIDDEN = {"n": None, "numerator": None, "value": None, "suppressed": True}


def safe_cells(result: FactorialResult, *, rounded: bool) -> FactorialResult:
    """Hide all cells where one is small: the arms, which are sums of two, are known.

    Parameters
    ----------
    rounded : bool
        Whether an arm is hidden: what is estimated then loses its last digits, to which
        counts could be fitted.
    """
    hides = rounded or any(_is_small(cell) for cell in result.cells)

    def shown(estimate: Estimate | NotEstimable) -> Estimate | NotEstimable:
        kept = hide_estimate(estimate)
        return coarse(kept) if hides else kept

    cells = result.cells
    if hides:
        cells = tuple(cell.model_copy(update=_HIDDEN) for cell in cells)
    sizes = {cell.cell: cell.n or 0 for cell in result.cells}
    arms = tuple(
        sum(sizes.get(cell, 0) for cell in member)
        for member in (("second", "both"), ("neither", "first"))
    )
    second = result.second.model_copy(
        update={
            "estimate": shown(result.second.estimate),
            "value": safe_value(result.second.value, rounded=hides, arms=arms),
        }
    )
    told = {name: shown(getattr(result, name)) for name in _CONTRASTS}
    return result.model_copy(
        update={
            **told,
            "second": second,
            "cells": cells,
            "note": safe_text(result.note),
        }
    )


def _is_small(cell: CellSummary) -> bool:
    counts = [cell.n, cell.numerator]
    if cell.n is not None and cell.numerator is not None:
        counts.append(cell.n - cell.numerator)
    return cell.suppressed or any(is_small(one) for one in counts if one is not None)
