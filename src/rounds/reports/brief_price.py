"""What a sponsor asks of price, burden and whether it lasts."""

from dataclasses import dataclass

from rounds.nouns import Estimate, Evaluation, Maintenance, NotEstimable, Value
from rounds.reports.wording import percent, said

__all__ = ["Row", "burden_rows", "lasting_rows", "price_rows"]


@dataclass(frozen=True)
class Row:
    """One question with its answer, and what goes with it."""

    asked: str
    answer: str
    beside: str = ""
    withheld: bool = False


def price_rows(evaluation: Evaluation) -> tuple[Row, ...]:
    """Say cost, net benefit and waste of each card; that nothing was priced, if so."""
    rows, two = _priced("it", evaluation.value), evaluation.factorial
    if two is not None and two.second.value is not None:
        rows += _priced(two.names[1], two.second.value)
    return rows


def _priced(what: str, value: Value | NotEstimable | None) -> tuple[Row, ...]:
    asked = f"What did {what} cost?"
    if not isinstance(value, Value):
        why = "No cost is in the record." if value is None else value.reason
        return (Row(asked, "Not measured.", why),)
    cost, net = said(value.cost), said(value.net_benefit)
    if cost.withheld:
        return (Row(asked, cost.line, withheld=True),)
    whose = f"By {value.perspective}, prices of {value.price_year}"
    chance = next((p.probability for p in value.curve if p.worth >= value.worth), None)
    likely = "" if chance is None else f"Probability {percent(chance)}. "
    ratio = said(value.cost_per_outcome)
    each = (
        f"No cost per outcome: {ratio.line}."
        if ratio.withheld
        else f"Cost per outcome {ratio.line}."
    )
    return (
        Row(
            asked,
            f"{cost.line} a {_each(value)}.",
            f"{whose}, within {value.horizon_days} days. {_waste(value)}".strip(),
        ),
        Row(
            f"Was {what} worth it, at {value.worth:g} {value.currency} an outcome?",
            f"Net benefit {net.line} a {_each(value)}.",
            f"{likely}{each}",
        ),
    )


def _each(value: Value) -> str:
    return value.per or "patient"


def _waste(value: Value) -> str:
    return " ".join(
        f"{one.name}: {said(one.cost).line} a {_each(value)}."
        for one in value.waste
        if isinstance(one.cost, Estimate)
    )


def burden_rows(evaluation: Evaluation) -> tuple[Row, ...]:
    """Say what it asked of clinicians, and how many took it up."""
    burden, uptake = evaluation.reach.burden, evaluation.reach.uptake
    if burden is None or uptake is None:
        return ()
    cards, minutes = said_twice(burden.cards), said_twice(burden.minutes)
    who = said(uptake.clinicians)
    took = (
        f"By clinician: {who.line}"
        if who.withheld
        else f"{who.line} of the clinicians who were shown a card followed one."
    )
    return (
        Row(
            "What did it ask of clinicians?",
            f"{cards} cards a clinician and day."
            if isinstance(burden.cards, Estimate)
            else cards,
            f"{minutes} minutes of it. {took}"
            if isinstance(burden.minutes, Estimate)
            else took,
            withheld=isinstance(burden.cards, NotEstimable),
        ),
    )


def said_twice(estimate: Estimate | NotEstimable) -> str:
    """Say a small mean with two digits, or why there is none."""
    if isinstance(estimate, NotEstimable) or estimate.sealed is not None:
        return said(estimate).line
    value, lower, upper = estimate.numbers
    level = f"{estimate.level * 100:g}% CI"
    return f"{value:.2f} ({level} {lower:.2f} to {upper:.2f})"


def lasting_rows(found: Maintenance | None) -> tuple[Row, ...]:
    """Say what is left after six and twelve months; nothing where none was adopted."""
    if found is None:
        return ()
    rows = []
    for one in found.at:
        rate, kept = said(one.rate), said(one.kept)
        beside = (
            ""
            if rate.withheld
            else f"Since the first months: {said(one.change).line}. Share of the gain "
            f"kept: {kept.line}. Cards shown when due: {said(one.delivered).line}; "
            f"clinics that still follow any: {said(one.settings).line}."
        )
        rows.append(
            Row(
                f"Does it last? Month {one.months}",
                rate.line,
                beside,
                withheld=bool(rate.withheld),
            )
        )
    return tuple(rows)
