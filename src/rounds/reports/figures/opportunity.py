"""The figures of a list of opportunities."""

from collections.abc import Mapping

from rounds.nouns import Estimate, Opportunity, OpportunityList
from rounds.reports.charts import Forest, ForestRow, at_two_widths, forest
from rounds.reports.wording import said

__all__ = ["opportunity_forest", "shown_lines"]

_MOST = 15


def shown_lines(found: OpportunityList, *, sites: bool) -> list[Opportunity]:
    """Give the lines over all sites, or those of single sites, that are not hidden."""
    return [
        line
        for line in found.lines
        if (line.unit is not None) == sites and not line.suppressed
    ]


def opportunity_forest(
    found: OpportunityList, titles: Mapping[str, str], *, sites: bool
) -> str | None:
    """Draw what is to be gained in each ranked line; None with fewer than two.

    Parameters
    ----------
    titles : mapping of str to str
        Ref → title of each measure.
    sites : bool
        The lines of single sites instead of those over all; the first fifteen.
    """
    ranked = [line for line in shown_lines(found, sites=sites) if line.rank is not None]
    rows = [
        _row(line, amount, titles)
        for line in ranked[:_MOST]
        if (amount := amount_of(line, found)) is not None
    ]
    if len(rows) < 2:
        return None
    weighed = found.ranked_by == "net_health_benefit"
    plot = Forest(
        name="opportunity-sites" if sites else "opportunities",
        title=f"What is to be gained, {'site by site' if sites else 'by measure'}",
        rows=tuple(rows),
        unit="number" if weighed else "count",
        null=0.0,
        axis="Net health benefit, quality-adjusted life years"
        if weighed
        else "Patients who would do well were every site like the best quarter",
        column_title="Rank",
        beside_title="95% interval",
    )
    return at_two_widths(forest, plot)


def amount_of(line: Opportunity, found: OpportunityList) -> Estimate | None:
    """Give what a line is ranked by."""
    weighed = found.ranked_by == "net_health_benefit"
    return line.benefit if weighed else line.patients


def _row(line: Opportunity, amount: Estimate, titles: Mapping[str, str]) -> ForestRow:
    value, lower, upper = amount.numbers
    words = said(amount)
    title = titles[str(line.measure)]
    interval = words.interval.removeprefix("95% CI ")
    return ForestRow(
        label=title if line.unit is None else f"{line.unit}: {title}",
        value=value,
        lower=lower,
        upper=upper,
        column=str(line.rank),
        beside=f"{words.value.removesuffix(' QALY')} ({interval})",
    )
