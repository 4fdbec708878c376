"""An equity analysis as a part of a page: pictures, tables, two sentences."""

from rounds.conduct import publishable
from rounds.nouns import (
    Equity,
    Estimate,
    Inequality,
    Meeting,
    NotEstimable,
    UnitResult,
)
from rounds.reports import figures
from rounds.reports.charts import Forest, Unit, at_two_widths, forest, label
from rounds.reports.equity_words import characteristic_words, equity_sentences
from rounds.reports.templating import drawn, templates
from rounds.reports.wording import SUPPRESSED, count, percent, said, span

__all__ = ["render_equity"]


def render_equity(found: Equity) -> str:
    """Give whom a measure reaches evenly and whom it does not, for a page of the web.

    Parameters
    ----------
    found : Equity
        Small counts are suppressed first.

    Returns
    -------
    str
        A `section` element.
    """
    found = publishable(found)
    return (
        templates()
        .get_template("equity.html")
        .render(
            found=found,
            sentences=equity_sentences(found),
            met=found.meeting if isinstance(found.meeting, Meeting) else None,
            figures={
                "groups": [
                    _drawn(figures.groups_forest(found, one))
                    for one in found.inequalities
                ],
                "meeting": _drawn(figures.meeting_forest(found)),
            },
            gaps=_gap_of,
            value=_value,
            words=characteristic_words,
            suppressed=SUPPRESSED,
            said=said,
            span=span,
            count=count,
            percent=percent,
        )
    )


def _drawn(plot: Forest | None) -> object:
    return None if plot is None else drawn(at_two_widths(forest, plot))


def _gap_of(one: Inequality, group: str) -> Estimate | NotEstimable | None:
    return next((each.gap for each in one.gaps if each.group == group), None)


def _value(unit: UnitResult) -> str:
    """Write the value of a group, or of a cell: a share whose counts are not told.

    A dash where there is none, or no interval.
    """
    numbers = [one for one in (unit.value, unit.lower, unit.upper) if one is not None]
    if len(numbers) < 3:
        return "–"
    is_share = unit.numerator is not None or unit.denominator is None
    kind: Unit = "percent" if is_share else "number"
    value, lower, upper = (label(each, kind, 1) for each in numbers)
    return f"{value} ({lower} to {upper})"
