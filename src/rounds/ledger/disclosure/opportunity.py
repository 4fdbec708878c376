"""Small counts in a list of opportunities: sites that share one measure's total."""

from collections.abc import Container, Sequence

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
    """Hide the lines of small sites, and what was made of them.

    Who knows the code and the shown counts can try each count that a hidden site may
    have until the estimates and ranks of the others come out. So where a line is hidden
    now, its measure keeps counts alone, and no line its rank: those that may be told
    are made anew from what is shown (`opportunities_of` with `pooled`).
    """
    shown = list(found.lines)
    for measure in dict.fromkeys(line.measure for line in found.lines):
        _hide(shown, measure)
    return found.model_copy(
        update={
            "lines": _unranked_if_hidden(found.lines, shown),
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
    """Leave lines of one measure out of a safe list, and what was made of them.

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
    changed = [
        line
        if line.measure != measure
        else _hidden(line)
        if line.unit is not None and line.unit in sites
        else _bare(line)
        for line in found.lines
    ]
    return found.model_copy(update={"lines": _unranked_if_hidden(found.lines, changed)})


def _hide(lines: list[Opportunity], measure: Ref) -> None:
    """Hide, in place, what is small among one measure's lines."""
    mine = [i for i, line in enumerate(lines) if line.measure == measure]
    sites = [i for i in mine if lines[i].unit is not None]
    before = [lines[i] for i in mine]
    whole = next((i for i in mine if lines[i].unit is None), None)
    total = None
    if whole is not None and lines[whole].denominator is not None:
        total = (lines[whole].denominator or 0, lines[whole].numerator or 0)
    if sites and not all(lines[i].suppressed for i in sites):
        found = suppress_counted(
            [lines[i] for i in sites],
            total,
            suppressed=[lines[i].suppressed for i in sites],
        )
        for i, hide in zip(sites, found.cells, strict=True):
            if hide or found.total:
                lines[i] = _hidden(lines[i])
        if whole is not None and found.total:
            lines[whole] = _hidden(lines[whole])
    if whole is not None and suppress_counted([lines[whole]]).cells[0]:
        lines[whole] = _hidden(lines[whole])
    hides_now = [lines[i] for i in mine] != before
    if hides_now or any(line.suppressed for line in before):
        for i in mine:
            lines[i] = _bare(lines[i]) if hides_now else _rounded(lines[i])


def _hidden(line: Opportunity) -> Opportunity:
    return Opportunity(measure=line.measure, unit=line.unit, suppressed=True)


def _bare(line: Opportunity) -> Opportunity:
    """Leave counts alone."""
    return line.model_copy(update={"patients": None, "benefit": None, **_NO_RANK})


def _rounded(line: Opportunity) -> Opportunity:
    """Keep few digits: a list that comes hidden may have been made of all counts."""
    return line.model_copy(
        update={
            "patients": _coarse(line.patients),
            "benefit": _coarse(line.benefit),
        }
    )


def _coarse(estimate: Estimate | None) -> Estimate | NotEstimable | None:
    return None if estimate is None else coarse(estimate)


_NO_RANK = {"rank": None, "rank_lower": None, "rank_upper": None}


def _unranked_if_hidden(
    before: tuple[Opportunity, ...], after: Sequence[Opportunity]
) -> tuple[Opportunity, ...]:
    """Take all ranks, and the order by rank, where a line was hidden."""
    hidden = [line.suppressed for line in before]
    if [line.suppressed for line in after] == hidden:
        return tuple(after)
    unranked = [line.model_copy(update=_NO_RANK) for line in after]
    return tuple(sorted(unranked, key=_place))


def _place(line: Opportunity) -> tuple[bool, bool, str, str]:
    """Give a line's place where it is not by rank."""
    return line.unit is not None, line.suppressed, str(line.measure), line.unit or ""
