"""What is left of an adopted change, as a part of a page: pictures, tables, words."""

from rounds.conduct import publishable
from rounds.nouns import Alert, Maintenance
from rounds.reports import figures
from rounds.reports.charts import at_two_widths, forest
from rounds.reports.maintenance_words import maintenance_sentences
from rounds.reports.table_text import ENDS, csv_text, estimate_numbers
from rounds.reports.templating import drawn, templates
from rounds.reports.wording import day, month, said, span

__all__ = ["maintenance_csv", "render_maintenance"]

_ASKED = (
    ("rate", "Primary measure"),
    ("change", "Since the first three months"),
    ("kept", "Share of the gain that is left"),
    ("delivered", "Cards shown when due"),
    ("accepted", "Cards accepted, of those shown"),
    ("settings", "Clinics that still accept any"),
)


def render_maintenance(
    found: Maintenance, alert: Alert | None = None, *, address: str = ""
) -> str:
    """Give whether an adopted change lasts, for a page of the web.

    Parameters
    ----------
    found : Maintenance
        Small counts are suppressed first.
    alert : Alert, optional
        The last one about this change.
    address : str
        Where that alert has its page; empty where it has none.

    Returns
    -------
    str
        A `section` element.
    """
    found = publishable(found)
    alert = None if alert is None else publishable(alert)
    kept = figures.kept_forest(found)
    return (
        templates()
        .get_template("maintenance.html")
        .render(
            found=found,
            alert=alert,
            address=address,
            asked=_ASKED,
            sentences=maintenance_sentences(found, alert),
            figure=None if kept is None else drawn(at_two_widths(forest, kept)),
            said=said,
            span=span,
            day=day,
            month=month,
        )
    )


def maintenance_csv(found: Maintenance) -> str:
    """Give every number of a maintenance as CSV; why there is none stands last.

    Parameters
    ----------
    found : Maintenance
        Small counts are suppressed first.

    Returns
    -------
    str
        With a header; one row for each question at each month.
    """
    rows = []
    for one in publishable(found).at:
        for name, _ in _ASKED:
            told = getattr(one, name)
            numbers = estimate_numbers(told)
            rows.append(
                (
                    one.months,
                    one.period.start,
                    one.period.end,
                    name,
                    *numbers,
                    said(told).withheld,
                )
            )
    ends = (f"value{end}" for end in ENDS)
    return csv_text(("months", "from", "to", "asked", *ends, "why_not"), rows)
