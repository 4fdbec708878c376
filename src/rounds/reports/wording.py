"""How numbers, dates and the lack of a number are written for people."""

import datetime as dt
from dataclasses import dataclass

from rounds.methods.estimands.scales import is_ratio
from rounds.nouns import Diagnostic, Estimate, NotEstimable, Period, UnitResult
from rounds.reports.charts import Unit, label

__all__ = [
    "SUPPRESSED",
    "Said",
    "axis_unit",
    "count",
    "day",
    "month",
    "named",
    "percent",
    "said",
    "said_unit",
    "span",
    "statistic",
    "threshold",
]

SUPPRESSED = "suppressed (≤10)"
"""What stands where a small count, or what would give one back, was taken away."""


@dataclass(frozen=True)
class Said:
    """An estimate in words: a number with its interval, or why there is none."""

    value: str = ""
    interval: str = ""
    denominator: str = ""
    withheld: str = ""
    """Why there is no number: empty where there is one."""
    sealed: bool = False

    @property
    def first_sentence(self) -> str:
        """Of the reason, where there is little room; the rest stands below."""
        return self.withheld.split(". ")[0].rstrip(".") + "."

    @property
    def line(self) -> str:
        """All of it in one line."""
        if self.withheld:
            return ("sealed: " if self.sealed else "") + self.withheld
        return f"{self.value} ({self.interval})"


_RATIOS = (
    "risk_ratio",
    "odds_ratio",
    "rate_ratio",
    "hazard_ratio",
    "log_risk_ratio",
    "log_odds_ratio",
)
_TWO_DIGITS = (*_RATIOS, "net_health_benefit", "index")
_UNITS = {"mm[Hg]": "mmHg", "1": "", "%": "%", "d": "days"}


def axis_unit(estimate: Estimate) -> Unit:
    """Say how the numbers of an estimate stand on an axis."""
    scales: dict[str, Unit] = {
        "proportion": "percent",
        "risk_difference": "points",
        "count": "count",
    }
    return scales.get(estimate.scale, "number")


def threshold(value: float, scale: str) -> str:
    """Write a margin, or the least worthwhile effect, on its own scale.

    Examples
    --------
    >>> threshold(0.03, "risk_difference"), threshold(1.25, "odds_ratio")
    ('3.0 points', 'an odds ratio of 1.25')
    """
    if scale == "risk_difference":
        return f"{label(value, 'points', 1)} points"
    if is_ratio(scale):
        article = "an" if scale.startswith("o") else "a"
        return f"{article} {scale.replace('_', ' ')} of {label(value, 'number', 2)}"
    return label(value, "number", 1)


def said(estimate: Estimate | NotEstimable | None) -> Said:
    """Say an estimate: value, interval, denominator; or the reason there is none.

    Examples
    --------
    >>> said(NotEstimable(reason="No site has an SVI.")).line
    'No site has an SVI.'
    >>> said(Estimate(value=.061, lower=.02, upper=.1, scale="risk_difference")).line
    '+6.1 points (95% CI +2.0 to +10.0)'
    """
    if estimate is None:
        return Said(withheld="not computed")
    if isinstance(estimate, NotEstimable):
        return Said(withheld=estimate.reason)
    if estimate.sealed is not None:
        return Said(withheld=estimate.sealed, sealed=True)
    value, lower, upper = estimate.value, estimate.lower, estimate.upper
    assert value is not None
    assert lower is not None
    assert upper is not None
    unit = axis_unit(estimate)
    digits = {"count": 0, "percent": 1, "points": 1}.get(unit, 2)
    if unit == "number" and estimate.scale not in _TWO_DIGITS:
        digits = 1
    plus = estimate.scale.endswith("_difference")
    low, high = (_signed(bound, unit, digits, plus) for bound in (lower, upper))
    after = " points" if unit == "points" else ""
    name = _UNITS.get(estimate.unit, estimate.unit)
    if unit == "number" and name:
        after = f" {name}"
    return Said(
        value=_signed(value, unit, digits, plus) + after,
        interval=f"{estimate.level * 100:g}% CI {low} to {high}",
        denominator="" if estimate.n is None else f"n = {count(estimate.n)}",
    )


def said_unit(unit: UnitResult) -> Said:
    """Say one unit's share with its interval and denominator, or that it is hidden."""
    if unit.suppressed or unit.denominator is None:
        return Said(withheld=SUPPRESSED)
    whole = f"n = {count(unit.denominator)}"
    if unit.value is None:
        return Said(withheld="nobody in the denominator", denominator=whole)
    if unit.numerator is None:
        value, bounds = f"{unit.value:.1f}", (unit.lower, unit.upper)
        ends = [f"{bound:.1f}" for bound in bounds if bound is not None]
    else:
        value = percent(unit.value)
        ends = [percent(b) for b in (unit.lower, unit.upper) if b is not None]
        whole = f"{count(unit.numerator)} of {count(unit.denominator)}"
    interval = f"95% CI {ends[0]} to {ends[1]}" if len(ends) == 2 else "no interval"
    return Said(value=value.replace("-", "−"), interval=interval, denominator=whole)


def _signed(value: float, unit: Unit, digits: int, plus: bool) -> str:
    words = label(value, unit, digits)
    nought = not any(character in "123456789" for character in words)
    return words if not plus or nought or words.startswith("−") else f"+{words}"


def percent(share: float | None, digits: int = 1) -> str:
    """Write a proportion as a percentage."""
    return "–" if share is None else label(share, "percent", digits)


def count(number: int | None) -> str:
    """Write a count with its thousands apart, or that it is suppressed."""
    return SUPPRESSED if number is None else f"{number:,}"


def day(date: dt.date | dt.datetime) -> str:
    """Write a day as people do: 6 January 2025."""
    return f"{date.day} {date:%B %Y}"


def month(name: str, *, short: bool = False) -> str:
    """Write a month that is named `YYYY-MM` as people do; another name as it is.

    Examples
    --------
    >>> month("2025-03"), month("2025-03", short=True), month("week 7")
    ('March 2025', 'Mar 2025', 'week 7')
    """
    try:
        first = dt.date.fromisoformat(f"{name}-01")
    except ValueError:
        return name
    return f"{first:%b %Y}" if short else f"{first:%B %Y}"


def span(period: Period) -> str:
    """Write a period, both days included."""
    return f"{day(period.start)} to {day(period.end)}"


def named(name: str) -> str:
    """Write a computer's name as words; leave what is words already.

    Examples
    --------
    >>> named("low-pressure-after-visit"), named("Systolic, days 30-90")
    ('Low pressure after visit', 'Systolic, days 30-90')
    """
    words = name if " " in name else name.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def statistic(diagnostic: Diagnostic) -> str:
    """Say a diagnostic's value against its threshold."""
    if diagnostic.value is None:
        return "not evaluated"
    words = f"{diagnostic.value:.3g}".replace("-", "−")
    if diagnostic.threshold is not None:
        words += f" (threshold {diagnostic.threshold:.3g})"
    return words
