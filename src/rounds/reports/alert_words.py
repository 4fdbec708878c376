"""What an alert says, in two sentences that a patient understands."""

from rounds.nouns import Alert
from rounds.reports.charts import label
from rounds.reports.wording import month

__all__ = ["alert_sentences"]

_DOES = {
    "open": "{owner} has yet to look into it",
    "acknowledged": "{owner} is looking into it",
    "closed": "it was looked into and closed",
}


def alert_sentences(alert: Alert) -> tuple[str, str]:
    """Say what was seen against what is usual, how rarely by chance, and who acts.

    Parameters
    ----------
    alert : Alert
        As it may be told.

    Returns
    -------
    (str, str)
        Made from the numbers, and saying no more than they do.
    """
    return _seen(alert), _chance(alert)


def _seen(alert: Alert) -> str:
    if alert.rule == "guardrail":
        return (
            f"In {month(alert.signalled)} the trial was paused, since one of its "
            "safety checks said stop."
        )
    where = "all sites" if alert.unit == "(all)" else alert.unit
    since, until = month(alert.since), month(alert.signalled)
    when = f"In {since}" if since == until else f"From {since} to {until}"
    seen = alert.seen
    if seen.value is None or seen.lower is None or seen.upper is None:
        return (
            f"{when} care was not as before in {where}, but the numbers are too small "
            "to tell."
        )
    value, low, high = (
        label(each, "percent", 0) for each in (seen.value, seen.lower, seen.upper)
    )
    before = ""
    if alert.level is not None:
        had = "it had been {} at first" if alert.rule == "decay" else "it was {} before"
        before = "; " + had.format(label(alert.level, "percent", 0))
    return f"{when} it was {value} ({low} to {high}) in {where}{before}."


def _chance(alert: Alert) -> str:
    does = _DOES[alert.status].format(owner=alert.owner)
    if alert.rule == "guardrail":
        return f"What was seen is told to the board of the trial; {does}."
    rare = label(alert.false_alarm, "percent", 0 if alert.false_alarm >= 0.01 else 1)
    return f"Such a sign may come by chance, in {rare} of such watches; {does}."
