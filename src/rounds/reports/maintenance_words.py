"""Whether an adopted change lasts, in two sentences that a patient understands."""

from rounds.nouns import Alert, Estimate, Maintained, Maintenance
from rounds.reports.charts import label
from rounds.reports.wording import day

__all__ = ["lasts", "maintenance_sentences"]

_STANDS = {
    "open": "{owner} has yet to look into a sign that it fades",
    "acknowledged": "{owner} is looking into a sign that it fades",
    "closed": "a sign that it fades was looked into and closed",
}


def maintenance_sentences(
    found: Maintenance, alert: Alert | None = None
) -> tuple[str, str]:
    """Say whether the change lasts, when that was looked at, and who looks into it.

    Parameters
    ----------
    found : Maintenance
        As it may be told.
    alert : Alert, optional
        The last one about this change.

    Returns
    -------
    (str, str)
        Made from the numbers, and saying no more than they do. A loss is told where
        the whole interval of the share kept lies below 1.
    """
    return lasts(found), _looked(found, alert)


def _last_told(found: Maintenance) -> Maintained | None:
    """Give the last month after adoption of which the share kept is known."""
    told = [one for one in found.at if _is_told(one.kept)]
    return told[-1] if told else None


def _is_told(one: object) -> bool:
    return isinstance(one, Estimate) and one.sealed is None


def lasts(found: Maintenance) -> str:
    """Say whether the change lasts, as far as data tell: the first of the sentences."""
    last = _last_told(found)
    if last is None:
        return _not_known(found)
    assert isinstance(last.kept, Estimate)
    value, lower, upper = last.kept.numbers
    much = "Most" if value < 0.5 else "Some"
    share, low, high = (label(each, "percent", 0) for each in last.kept.numbers)
    after = f"{last.months} months after it was taken up"
    if upper < 1:
        return f"{much} of the gain is gone {after}: {share} is left ({low} to {high})."
    if lower <= 0:
        return (
            f"It cannot be told if the gain lasts {after}: all of it may be left, or "
            "none."
        )
    return (
        f"No clear loss is seen {after}: {share} of the gain is left ({low} to {high})."
    )


def _not_known(found: Maintenance) -> str:
    rated = [one for one in found.at if _is_told(one.rate)]
    if not rated:
        return "It cannot be told yet whether the change lasts."
    last = rated[-1]
    assert isinstance(last.rate, Estimate)
    if last.rate.scale != "proportion":
        return "What share of the gain is left cannot be told."
    value, low, high = (label(100 * x, "number", 0) for x in last.rate.numbers)
    return (
        f"It was {value} in 100 ({low} to {high}) {last.months} months on, but what is "
        "left of the gain cannot be told."
    )


def _looked(found: Maintenance, alert: Alert | None) -> str:
    until = day(found.data_until)
    if alert is None:
        return f"Data up to {until} were read, and no sign that it fades was given."
    stands = _STANDS[alert.status].format(owner=alert.owner)
    return f"Data up to {until} were read; {stands}."
