"""Cost, burden and equity: what else a rule weighs, where its protocol says so.

Each criterion is sorted as a harm is: shown, still open, or excluded; or unknown.
"""

from rounds.nouns import Estimate, Evaluation, NotEstimable, Protocol, Value, Weighing

__all__ = ["Weighed", "explain_weighing", "weigh"]


class Weighed:
    """What the criteria of a protocol come to, in sentences."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        self.shown: list[str] = []
        self.open: list[str] = []
        self.excluded: list[str] = []


def explain_weighing(protocol: Protocol) -> str:
    """Say the criteria in plain words; nothing where there are none."""
    rule = protocol.decision_rule.weighing
    if rule is None:
        return ""
    said = []
    costs = protocol.costs
    if rule.net_benefit is not None and costs is not None:
        price = f"at {costs.worth:g} {costs.currency} an outcome"
        if rule.net_benefit == "shown":
            said.append(
                f"a net benefit {price} wholly below nought is a harm shown, wholly "
                "above it one excluded"
            )
        else:
            said.append(
                f"a net benefit {price} that is estimated at nought or below is a harm "
                "shown, above it one excluded"
            )
    for most, what in (
        (rule.most_cards, "cards"),
        (rule.most_minutes, "minutes at cards"),
    ):
        if most is not None:
            said.append(
                f"more than {most:g} {what} of a clinician's day is a harm shown, an "
                "interval wholly below that one excluded"
            )
    if rule.no_group_worse:
        said.append(
            "a group whose effect, drawn towards the others, lies wholly on the worse "
            "side is a harm shown"
        )
    return f" Weighed as harms are, too: {'; '.join(said)}."


def weigh(evaluation: Evaluation, protocol: Protocol) -> Weighed:
    """Sort each criterion of the protocol by what the evaluation knows."""
    found = Weighed()
    rule = protocol.decision_rule.weighing
    if rule is None:
        return found
    if rule.net_benefit is not None:
        _price(found, evaluation, rule)
    burden = evaluation.reach.burden
    for most, name, what in (
        (rule.most_cards, "cards", "Cards"),
        (rule.most_minutes, "minutes", "Minutes at cards"),
    ):
        if most is not None:
            seen = None if burden is None else getattr(burden, name)
            _burden(found, seen, most, what)
    if rule.no_group_worse:
        _groups(found, evaluation, protocol)
    return found


def _price(found: Weighed, evaluation: Evaluation, rule: Weighing) -> None:
    value = evaluation.value
    if not isinstance(value, Value):
        why = value.reason if isinstance(value, NotEstimable) else "it was not counted"
        found.unknown.append(f"Net benefit cannot be estimated: {_stop(why)}")
        return
    net = value.net_benefit
    reason = _why_not(net)
    if reason or not isinstance(net, Estimate):
        found.unknown.append(f"Net benefit cannot be read: {_stop(reason)}")
        return
    middle, low, high = net.numbers
    seen = (
        f"net benefit of a {value.per or 'participant'} is {middle:+.2f} "
        f"{value.currency} ({low:+.2f} to {high:+.2f}) at {value.worth:g} "
        f"{value.currency} an outcome, by the costs of {value.perspective}"
    ).replace("-", "−")
    if rule.net_benefit == "positive":
        if middle > 0:
            found.excluded.append(f"It is worth its price: {seen}.")
        else:
            found.shown.append(f"It is not worth its price: {seen}.")
    elif high < 0:
        found.shown.append(f"It is shown not to be worth its price: {seen}.")
    elif low > 0:
        found.excluded.append(f"It is shown to be worth its price: {seen}.")
    else:
        found.open.append(f"Whether it is worth its price is open: {seen}.")


def _burden(
    found: Weighed, seen: Estimate | NotEstimable | None, most: float, what: str
) -> None:
    reason = "it was not counted" if seen is None else _why_not(seen)
    if reason or not isinstance(seen, Estimate):
        found.unknown.append(f"{what} of a clinician's day are not known: {reason}.")
        return
    middle, low, high = seen.numbers
    said = f"{what} of a clinician's day are {middle:.2f} ({low:.2f} to {high:.2f})"
    if middle > most:
        found.shown.append(f"Burden is shown: {said}, above {most:g}.")
    elif high < most:
        found.excluded.append(f"Burden is excluded: {said}, wholly below {most:g}.")
    else:
        found.open.append(f"Burden is not excluded: {said}, which reaches {most:g}.")


def _groups(found: Weighed, evaluation: Evaluation, protocol: Protocol) -> None:
    sign = 1.0 if protocol.primary.better == "higher" else -1.0
    read, worse = 0, []
    for one in evaluation.equity:
        if not isinstance(one.shrunken, Estimate) or one.shrunken.sealed is not None:
            continue
        read += 1
        _, *limits = (sign * number for number in one.shrunken.numbers)
        if max(limits) < 0:
            worse.append(f"{one.characteristic.replace('_', ' ')} {one.group}")
    if not read:
        found.unknown.append("No group has an effect that may be read.")
    elif worse:
        found.shown.append(f"It is shown to do harm to: {'; '.join(worse)}.")
    else:
        found.excluded.append(f"In none of {read} groups is it shown to do harm.")


def _why_not(estimate: Estimate | NotEstimable) -> str:
    if isinstance(estimate, NotEstimable):
        return estimate.reason.rstrip(".")
    return "" if estimate.sealed is None else f"sealed: {estimate.sealed}".rstrip(".")


def _stop(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
