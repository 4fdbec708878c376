"""The figures of what is watched: a path to its limit, what is left of a gain."""

from rounds.nouns import Alert, Estimate, Maintenance, NotEstimable
from rounds.reports.charts import Forest, ForestRow, WatchBox, WatchPath
from rounds.reports.wording import month, said

__all__ = ["kept_forest", "path_picture"]

_STEP = 0.25
"""Of the limit: what a published path is told in."""


def path_picture(alert: Alert) -> WatchPath | None:
    """Give how the sum of an alert came to its limit; None where that is not told.

    Parameters
    ----------
    alert : Alert
        As it may be told: its path in quarters, without counts.
    """
    if not alert.path:
        return None
    first = _number(alert.path[0].since)
    return WatchPath(
        name="alert-path",
        title=f"{alert.title}: how it came to the limit",
        boxes=tuple(
            WatchBox(
                label=month(one.month, short=True),
                start=_number(one.since) - first,
                stop=_number(one.month) - first + 1,
                low=one.share,
                high=one.share + _STEP,
            )
            for one in alert.path
        ),
    )


def _number(name: str) -> int:
    year, of_year = name.split("-")
    return 12 * int(year) + int(of_year)


def kept_forest(found: Maintenance) -> Forest | None:
    """Give the share of the gain that is left; None where it is told of no month."""
    rows = tuple(_row(one.months, one.kept) for one in found.at)
    if not any(row.kind == "study" for row in rows):
        return None
    return Forest(
        name="gain-kept",
        title="Share of the gain that is left",
        rows=rows,
        unit="percent",
        null=1.0,
        axis="The line stands where all of the gain is left",
        beside_title="95% interval",
    )


def _row(months: int, kept: Estimate | NotEstimable) -> ForestRow:
    name = f"Month {months}"
    if isinstance(kept, NotEstimable) or kept.sealed is not None:
        return ForestRow(label=name, kind="absent", beside="not told, see the table")
    value, lower, upper = kept.numbers
    told = said(kept.model_copy(update={"scale": "proportion"}))
    words = f"{told.value} ({told.interval.split('CI ')[-1]})"
    return ForestRow(label=name, value=value, lower=lower, upper=upper, beside=words)
