"""At what price: cost, net benefit and waste, from the rows of the trial.

Cost and effect are read by the model that the protocol fixed for the effect, from the
same participants, so that what clinics, periods and covariates do to one they do to
the other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.rows import MeasureRows
from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.estimates.effects import fit, scale_of
from rounds.loop.evaluation.estimates.summaries import OF_SHARES
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.uptake.waste import card_waste, low_value_waste
from rounds.loop.evaluation.value.pricing import (
    Card,
    Counted,
    counted,
    of_card,
    programme_share,
)
from rounds.loop.evaluation.value.resources import costed_endpoint
from rounds.methods.net_benefit import (
    Fitted,
    Joint,
    joint_by,
    net_benefit,
    ratio,
    told_by_arm,
)
from rounds.nouns import (
    AcceptabilityPoint,
    CostLine,
    Costs,
    Endpoint,
    Estimate,
    NotEstimable,
    Protocol,
    Value,
    Waste,
)
from rounds.nouns.estimand import SummaryMeasure
from rounds.practice.exposures import ExposureRows

__all__ = ["value_of"]

Floats = NDArray[np.float64]
_POINTS = 21
"""Of the acceptability curve."""
_ON_COSTS = "costs and outcomes of the same participants; {}"


def value_of(
    people: Participants | NotEstimable,
    protocol: Protocol,
    calls: ExposureRows,
    resources: Mapping[str, MeasureRows | NotEstimable],
    *,
    sealed: str | None,
    ended: bool = False,
    card: Card = "first",
) -> Value | NotEstimable | None:
    """Count what the change cost, and what it was worth.

    Parameters
    ----------
    people : Participants or NotEstimable
        Of the endpoint that is worth something.
    calls : ExposureRows
        Of the trial.
    resources : mapping of item to MeasureRows
        As `read_resources` gives them.
    sealed : str or None
        Why every number is withheld.
    ended : bool
        Whether the trial was looked at before its end.
    card : {"first", "second"}
        Whose arms `people.active` are, where two are tried; `calls` are of its service.

    Returns
    -------
    Value or NotEstimable or None
        None where the protocol has no costs. Money in the currency of the costs, of a
        participant, within the follow-up.

    References
    ----------
    As `rounds.methods.net_benefit`.
    """
    if protocol.costs is None:
        return None
    costs = of_card(protocol.costs, card)
    if isinstance(people, NotEstimable):
        return NotEstimable(reason=f"costs cannot be counted: {people.reason}")
    if sealed is not None:
        return _sealed(costs, protocol, people, sealed)
    known = people.active[people.observed]
    if not 0 < known.sum() < len(known):
        return NotEstimable(reason="an arm has nobody whose outcome is known")
    items: list[Counted] = []
    for item in costs.items:
        found = counted(item, people, protocol, calls, resources)
        if isinstance(found, NotEstimable):
            return found
        items.append(found)
    try:
        return _valued(people, protocol, costs, items, calls, ended=ended)
    except ValueError as error:
        return NotEstimable(reason=f"cost and effect together: {error}")


def _valued(
    people: Participants,
    protocol: Protocol,
    costs: Costs,
    items: list[Counted],
    calls: ExposureRows,
    *,
    ended: bool,
) -> Value:
    endpoint = costed_endpoint(protocol)
    sign = 1.0 if endpoint.better == "higher" else -1.0
    spent = np.sum([one.price * one.quantity for one in items], axis=0)
    spent = spent if items else np.zeros(len(people))
    fits = [_fitted(people, one.quantity, protocol) for one in items]
    joint = joint_by(
        lambda outcome: _fitted(people, outcome, protocol),
        spent,
        np.where(people.observed, sign * people.outcome, np.nan),
    )
    share, share_variance = programme_share(costs)
    unsure = share_variance + sum(
        (found.value**2 + found.variance) * one.sd**2
        for one, found in zip(items, fits, strict=True)
    )
    joint = replace(joint, cost=joint.cost + share, price_variance=float(unsure))
    n, level, money = int(people.observed.sum()), protocol.level, costs.currency
    method = _ON_COSTS.format(design_of(protocol).method)

    def told(value: float, variance: float, unit: str, df: float) -> Estimate:
        return _estimate(Fitted(value, variance, df), n, level, unit, method)

    spread = joint.cost_variance + joint.price_variance
    # Nought times worth: the cost alone, with what prices do to its degrees of freedom.
    alone = net_benefit(replace(joint, effect=0.0), 0.0, level=level)
    cost = told(joint.cost, spread, money, joint.df).model_copy(
        update={"lower": -alone.upper, "upper": -alone.lower}
    )
    return Value(
        **_stated(costs, protocol, people),
        cost=cost,
        effect=told(joint.effect, joint.effect_variance, "1", joint.df).model_copy(
            update={"scale": _difference_of(endpoint)}
        ),
        correlation=joint.correlation,
        net_benefit=_net(joint, costs.worth, cost),
        cost_per_outcome=_ratio(joint, cost),
        curve=_curve(joint, costs, cost),
        lines=(
            *(_line(one, f, people, cost) for one, f in zip(items, fits, strict=True)),
            *_programme_lines(costs, cost),
        ),
        waste=(
            *card_waste(people, calls, protocol, costs),
            *_unhelpful(items, fits, cost),
        ),
        limitations=_limitations(costs, people, ended),
    )


def _difference_of(endpoint: Endpoint) -> SummaryMeasure:
    """Give the scale that money is set against: a ratio's own difference of risks."""
    of_shares = scale_of(endpoint) in OF_SHARES
    return "risk_difference" if of_shares else "mean_difference"


def _fitted(people: Participants, outcome: Floats, protocol: Protocol) -> Fitted:
    """Read the arm's coefficient of another outcome of the same participants."""
    known = people.observed
    sure = told_by_arm(outcome[known], people.active[known])
    if sure is not None:
        return sure
    found = fit(replace(people, outcome=outcome), protocol)
    return Fitted(found.estimate, found.se**2, found.df)


def _estimate(found: Fitted, n: int, level: float, unit: str, method: str) -> Estimate:
    lone = Joint(
        cost=-found.value,
        effect=0.0,
        cost_variance=found.variance,
        effect_variance=0.0,
        covariance=0.0,
        df=found.df,
    )
    low = high = found.value
    if found.variance > 0:
        limits = net_benefit(lone, 0.0, level=level)
        low, high = limits.lower, limits.upper
    return Estimate(
        value=found.value,
        lower=low,
        upper=high,
        level=level,
        scale="mean_difference",
        unit=unit,
        n=n,
        method=method,
    )


def _net(joint: Joint, worth: float, like: Estimate) -> Estimate:
    found = net_benefit(joint, worth, level=like.level)
    return like.model_copy(
        update={"value": found.value, "lower": found.lower, "upper": found.upper}
    )


def _ratio(joint: Joint, like: Estimate) -> Estimate | NotEstimable:
    try:
        found = ratio(joint, level=like.level)
    except ValueError as error:
        return NotEstimable(reason=str(error))
    return like.model_copy(
        update={
            "value": found.value,
            "lower": found.lower,
            "upper": found.upper,
            "scale": "cost_per_outcome",
            "method": f"Fieller's interval; {like.method}",
        }
    )


def _curve(
    joint: Joint, costs: Costs, like: Estimate
) -> tuple[AcceptabilityPoint, ...]:
    points = []
    for worth in np.linspace(*costs.range, _POINTS).tolist():
        found = net_benefit(joint, worth, level=like.level)
        points.append(
            AcceptabilityPoint(
                worth=worth,
                net_benefit=_net(joint, worth, like),
                probability=found.probability,
            )
        )
    return tuple(points)


def _line_of(found: Fitted, like: Estimate) -> Estimate:
    return _estimate(found, like.n or 0, like.level, "1", like.method)


def _line(
    one: Counted, found: Fitted, people: Participants, like: Estimate
) -> CostLine:
    known = people.observed
    arms = (
        float(one.quantity[known & member].mean())
        for member in (people.active, ~people.active)
    )
    active, silent = arms
    return CostLine(
        name=one.item.name,
        unit_cost=one.price,
        active=active,
        silent=silent,
        difference=_line_of(found, like),
        cost=found.value * one.price,
    )


def _unhelpful(
    items: list[Counted], fits: list[Fitted], like: Estimate
) -> tuple[Waste, ...]:
    """Price what was not done of services of low value."""
    return tuple(
        low_value_waste(one.item.name, one.price, one.sd, _line_of(found, like))
        for one, found in zip(items, fits, strict=True)
        if one.item.low_value
    )


def _programme_lines(costs: Costs, like: Estimate) -> tuple[CostLine, ...]:
    many = costs.patients_a_year or 1.0
    return tuple(
        CostLine(
            name=part.name,
            unit_cost=costs.a_year(part) / many,
            active=1.0,
            silent=0.0,
            difference=_line_of(Fitted(1.0, 0.0, np.inf), like),
            cost=costs.a_year(part) / many,
        )
        for part in costs.programme
    )


def _stated(costs: Costs, protocol: Protocol, people: Participants) -> dict[str, Any]:
    return {
        "perspective": costs.perspective,
        "currency": costs.currency,
        "price_year": costs.price_year,
        "discount_rate": costs.discount_rate,
        "horizon_days": protocol.follow_up_days,
        "outcome": costed_endpoint(protocol).estimand.name,
        "worth": costs.worth,
        "per": "visit" if people.are_visits else None,
    }


def _sealed(
    costs: Costs, protocol: Protocol, people: Participants, reason: str
) -> Value:
    none = Estimate(
        scale="mean_difference",
        unit=costs.currency,
        n=len(people),
        level=protocol.level,
        sealed=reason,
    )
    return Value.model_validate(
        {
            **_stated(costs, protocol, people),
            "cost": none,
            "effect": none.model_copy(
                update={"unit": "1", "scale": _difference_of(costed_endpoint(protocol))}
            ),
            "net_benefit": none,
            "cost_per_outcome": none.model_copy(update={"scale": "cost_per_outcome"}),
        }
    )


def _limitations(costs: Costs, people: Participants, ended: bool) -> tuple[str, ...]:
    said = []
    if not people.observed.all():
        said.append(
            "Costs are those of participants whose outcome is known; of the others "
            "neither is counted."
        )
    prices = [one.unit_cost for one in costs.items]
    prices += [part.price for part in costs.programme]
    if all(price.sd == 0 for price in prices):
        said.append("Prices are taken as certain: the interval is of sampling alone.")
    if ended:
        said.append(
            "Cost and net benefit do not allow for the looks at which the trial could "
            "have ended."
        )
    if people.second is not None:
        said.append("It is at the margin: over both arms of the other card.")
    if people.are_visits:
        said.append(
            "A patient's later visit is counted at each earlier one whose follow-up it "
            "falls into: add no costs of visits up to those of a patient."
        )
        if costs.programme:
            said.append(
                f"The programme is spread over {costs.patients_a_year:,g} visits a "
                "year, not patients."
            )
    said.append(
        "What the change costs or saves after the follow-up, and what nobody records, "
        "is not in it."
    )
    return tuple(said)
