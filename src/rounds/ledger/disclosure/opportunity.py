"""Small counts in a list of opportunities: sites that share one measure's total."""

from collections.abc import Container

from rounds.ledger.disclosure.cells import coarse, suppress_counted
from rounds.ledger.disclosure.wording import safe_text, safe_texts
from rounds.nouns import (
    Estimate,
    NotEstimable,
    Opportunity,
    OpportunityList,
    Ref,
    Untold,
)

__all__ = ["opportunities_without", "safe_opportunities"]


def safe_opportunities(found: OpportunityList) -> OpportunityList:
    """Hide the lines of small sites, and round what else was made of them.

    A hidden line keeps its rank's place but no number and no rank: where a site stands
    among others tells how many of its patients fall short.
    """
    shown = list(found.lines)
    for measure in dict.fromkeys(line.measure for line in found.lines):
        _hide(shown, measure)
    order = sorted(shown, key=lambda line: (line.unit is not None, line.suppressed))
    return found.model_copy(
        update={
            "lines": tuple(order),
            "limitations": safe_texts(found.limitations),
            "untold": tuple(
                each.model_copy(update={"reason": safe_text(each.reason)})
                for each in found.untold
            ),
        }
    )


def opportunities_without(
    found: OpportunityList, measure: Ref, sites: Container[str], *, whole: str = ""
) -> OpportunityList:
    """Leave lines of one measure out of a safe list, and round the others.

    Parameters
    ----------
    found : OpportunityList
        Safe already.
    sites : container of str
        The sites whose lines are hidden.
    whole : str
        Why all lines of the measure are left out; they stay where it is empty.
    """
    if whole:
        lines = tuple(line for line in found.lines if line.measure != measure)
        untold = (*found.untold, Untold(measure=measure, reason=whole))
        return found.model_copy(update={"lines": lines, "untold": untold})
    if not any(
        line.measure == measure and line.unit in sites and not line.suppressed
        for line in found.lines
        if line.unit is not None
    ):
        return found
    changed = tuple(
        line
        if line.measure != measure
        else _hidden(line)
        if line.unit is not None and line.unit in sites
        else _rounded(line)
        for line in found.lines
    )
    order = sorted(changed, key=lambda line: (line.unit is not None, line.suppressed))
    return found.model_copy(update={"lines": tuple(order)})


def _hide(lines: list[Opportunity], measure: Ref) -> None:
    """Hide, in place, what is small among one measure's lines."""
    mine = [i for i, line in enumerate(lines) if line.measure == measure]
    sites = [i for i in mine if lines[i].unit is not None]
    if not sites or all(lines[i].suppressed for i in sites):
        return
    whole = next((i for i in mine if lines[i].unit is None), None)
    total = None
    if whole is not None and lines[whole].denominator is not None:
        total = (lines[whole].denominator or 0, lines[whole].numerator or 0)
    found = suppress_counted(
        [lines[i] for i in sites],
        total,
        suppressed=[lines[i].suppressed for i in sites],
    )
    if not found.cells.any() and not found.total:
        return
    for i, hide in zip(sites, found.cells, strict=True):
        lines[i] = _hidden(lines[i]) if hide or found.total else _rounded(lines[i])
    if whole is not None:
        line = lines[whole]
        lines[whole] = _hidden(line) if found.total else _rounded(line)


def _hidden(line: Opportunity) -> Opportunity:
    return Opportunity(measure=line.measure, unit=line.unit, suppressed=True)


def _rounded(line: Opportunity) -> Opportunity:
    return line.model_copy(
        update={
            "patients": _coarse(line.patients),
            "benefit": _coarse(line.benefit),
        }
    )


def _coarse(estimate: Estimate | None) -> Estimate | NotEstimable | None:
    return None if estimate is None else coarse(estimate)
