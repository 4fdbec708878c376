"""An alert as a part of a page: what signalled, how it came to it, what to do."""

from rounds.conduct import publishable
from rounds.nouns import Alert
from rounds.reports import figures
from rounds.reports.alert_words import alert_sentences
from rounds.reports.charts import at_two_widths, watch_path
from rounds.reports.table_text import csv_text
from rounds.reports.templating import drawn, templates
from rounds.reports.wording import SUPPRESSED, month, percent, said_unit

__all__ = ["path_csv", "render_alert"]

_RULES = {
    "cusum": "CUSUM, each unit against its own months before",
    "decay": "CUSUM of what an adopted change had brought",
    "guardrail": "a guardrail of the trial",
}


def render_alert(alert: Alert) -> str:
    """Give an alert for a page of the web.

    Parameters
    ----------
    alert : Alert
        Its path is made coarse, and small counts suppressed, first.

    Returns
    -------
    str
        A `section` element.
    """
    alert = publishable(alert)
    path = figures.path_picture(alert)
    return (
        templates()
        .get_template("alert.html")
        .render(
            alert=alert,
            sentences=alert_sentences(alert),
            rule=_RULES[alert.rule],
            figure=None if path is None else drawn(at_two_widths(watch_path, path)),
            seen=_seen(alert),
            suppressed=SUPPRESSED,
            month=month,
            percent=percent,
        )
    )


def _seen(alert: Alert) -> str:
    """Write the proportion of the months that signalled, with its interval."""
    seen = alert.seen
    if seen.value is None or seen.lower is None or seen.upper is None:
        return said_unit(seen).line
    ends = f"{percent(seen.lower, 0)} to {percent(seen.upper, 0)}"
    return f"{percent(seen.value, 0)} (95% CI {ends})"


def path_csv(alert: Alert) -> str:
    """Give the path of an alert as CSV, as coarse as the picture.

    Parameters
    ----------
    alert : Alert
        As it may be told.

    Returns
    -------
    str
        With a header; shares of the limit, at least and below.
    """
    rows = [
        (one.since, one.month, one.share, None if one.share >= 1 else one.share + 0.25)
        for one in publishable(alert).path
    ]
    return csv_text(
        ("since", "month", "share_of_limit_from", "share_of_limit_below"), rows
    )
