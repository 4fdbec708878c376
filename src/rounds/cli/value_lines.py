"""Lines of what a change cost, who took it up, and whether it lasts."""

from typing import TYPE_CHECKING

from rounds.cli.output import number

if TYPE_CHECKING:
    from rounds.nouns import Estimate, Evaluation, Maintenance, NotEstimable, Value

__all__ = ["lasting_lines", "uptake_lines", "value_lines"]


def value_lines(judged: "Evaluation") -> list[str]:
    """Give the lines of cost and net benefit of each card; none if nothing has one."""
    ours, two = _priced(judged.value), judged.factorial
    if two is None or two.second.value is None:
        return ours
    first, second = (f"  {name}" for name in two.names)
    return [first, *ours, second, *_priced(two.second.value)]


def _priced(value: "Value | NotEstimable | None") -> list[str]:
    from rounds.nouns import NotEstimable

    if value is None:
        return []
    if isinstance(value, NotEstimable):
        return [f"  {'cost':<18}{value.reason}"]
    price = f"at {value.worth:g} {value.currency}"
    lines = [
        f"  {'cost':<18}{money(value.cost)}, {value.perspective}",
        f"  {'net benefit':<18}{money(value.net_benefit)}, {price} an outcome",
        f"  {'cost per outcome':<18}{money(value.cost_per_outcome)}",
    ]
    lines += [
        f"  {'waste':<18}{one.name}: {money(one.cost)} a {value.per or 'participant'}"
        for one in value.waste
    ]
    return lines


def money(estimate: "Estimate | NotEstimable") -> str:
    """Say an amount with its interval and currency, or why there is none."""
    from rounds.nouns import NotEstimable

    if isinstance(estimate, NotEstimable):
        return estimate.reason
    if estimate.sealed is not None:
        return f"sealed: {estimate.sealed}"
    value, lower, upper = estimate.numbers
    told = f"{value:+,.2f} {estimate.unit} ({lower:+,.2f} to {upper:+,.2f})"
    return told.replace("-", "−")


def uptake_lines(judged: "Evaluation") -> list[str]:
    """Give the lines of adoption and burden; none of an older evaluation."""
    uptake, burden = judged.reach.uptake, judged.reach.burden
    lines = []
    if uptake is not None:
        lines += [
            f"  {'adoption':<18}{number(uptake.clinics)} of clinics",
            f"  {'':<18}{number(uptake.clinicians)} of clinicians shown a card",
        ]
    if burden is not None:
        lines += [
            f"  {'burden':<18}{number(burden.cards, digits=2)} cards a clinician day",
            f"  {'':<18}{number(burden.minutes, digits=2)} minutes a clinician day",
        ]
    return lines + [
        f"  {f'from {one.since}':<18}{number(one.estimate)}; accepted "
        f"{number(one.acceptance)}"
        for one in judged.phases
    ]


def lasting_lines(found: "Maintenance") -> list[str]:
    """Give the lines of what is left of an adopted change."""
    lines = [
        found.title,
        f"  adopted {found.adopted}, data until {found.data_until}",
    ]
    for one in found.at:
        lines.append(f"  month {one.months}: {one.period.start} to {one.period.end}")
        if len({str(getattr(one, name)) for name in _ASKED}) == 1:
            lines.append(f"    {number(one.rate)}")
            continue
        lines += [
            f"    {label:<24}{number(getattr(one, name), digits=digits)}"
            for name, (label, digits) in _ASKED.items()
        ]
    return [*lines, *(f"  * {said}" for said in found.limitations)]


_ASKED = {
    "rate": ("primary measure", 1),
    "change": ("since the first months", 1),
    "kept": ("share of the gain kept", 2),
    "delivered": ("cards shown when due", 1),
    "accepted": ("cards accepted", 1),
    "settings": ("clinics still using it", 1),
}
