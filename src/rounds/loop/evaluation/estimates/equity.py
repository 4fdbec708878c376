"""Who gained and who did not: effects by group, with restraint."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from rounds.loop.evaluation.estimates.effects import Effect, effect, fit_asked, scale_of
from rounds.loop.evaluation.estimates.summaries import BY_LEAST_SQUARES
from rounds.loop.evaluation.participants import Participants
from rounds.methods.equity import pool_groups
from rounds.methods.estimands.scales import from_additive, is_ratio
from rounds.nouns import (
    EquityEffect,
    Estimate,
    Interaction,
    NotEstimable,
    Protocol,
)

__all__ = ["equity", "groups_of"]

FEWEST = 11
"""Participants an arm needs in a group; fewer could not be shown anyway."""

AGES = (("18-44", 18, 44), ("45-64", 45, 64), ("65-85", 65, 85))


_POOLED = "partial pooling of the groups (normal-normal)"


@dataclass(frozen=True)
class _Group:
    name: str
    member: NDArray[np.bool_]


def groups_of(people: Participants, characteristic: str) -> list[_Group]:
    """Give the groups of a characteristic, first to last; empty if it is unknown."""
    if characteristic == "sex":
        groups = [
            _Group("female", people.sex == "F"),
            _Group("male", people.sex == "M"),
        ]
    elif characteristic == "age":
        groups = [
            _Group(name, (people.age >= low) & (people.age <= high))
            for name, low, high in AGES
        ]
    else:
        groups = [
            _Group(f"SVI quartile {q}", people.svi_quartile == q) for q in range(1, 5)
        ]
    return groups if any(group.member.any() for group in groups) else []


def equity(
    people: Participants, protocol: Protocol, sealed: str | None
) -> tuple[tuple[EquityEffect, ...], tuple[Interaction, ...]]:
    """Estimate the primary effect by group, and whether it differs between groups.

    Returns
    -------
    effects : tuple of EquityEffect
        Each with its exact denominator; suppression happens where it is published.
    interactions : tuple of Interaction
        Last group minus first (of ratios: over it), of each characteristic.
    """
    effects: list[EquityEffect] = []
    interactions = []
    than = "over" if is_ratio(scale_of(protocol.primary)) else "minus"
    for characteristic in protocol.equity_groups:
        groups = groups_of(people, characteristic)
        if not groups:
            absent = NotEstimable(reason=f"{characteristic} is not in the data")
            effects.append(
                EquityEffect(
                    characteristic=characteristic, group="all", estimate=absent
                )
            )
            continue
        found = [_in_group(people, protocol, group, sealed) for group in groups]
        drawn = _shrink(found, protocol.level)
        effects += [
            EquityEffect(
                characteristic=characteristic,
                group=group.name,
                n=int(group.member.sum()),
                persons=_persons(people, group.member) if people.are_visits else None,
                estimate=one.estimate,
                shrunken=shrunken,
            )
            for group, one, shrunken in zip(groups, found, drawn, strict=True)
        ]
        interactions.append(
            Interaction(
                characteristic=characteristic,
                contrast=f"{groups[-1].name} {than} {groups[0].name}",
                estimate=_interaction(people, protocol, characteristic, sealed),
                note=_note(
                    len(protocol.equity_groups),
                    protocol.level,
                    scale_of(protocol.primary),
                ),
            )
        )
    return tuple(effects), tuple(interactions)


def _note(looks: int, level: float, scale: str) -> str:
    none = "1" if is_ratio(scale) else "nought"
    chance = 1 - level**looks
    return (
        f"{looks} characteristic(s) were looked at. Were the effect the same for all, "
        f"at least one of these intervals would leave out {none} in about {chance:.0%} "
        "of trials. The trial was not sized for groups: read the shrunken effects, "
        "and ask again in the next turn."
    )


def _sealed(protocol: Protocol, n: int, reason: str) -> Estimate:
    scale = scale_of(protocol.primary)
    return Estimate(scale=scale, n=n, sealed=reason, level=protocol.level)


def _in_group(
    people: Participants, protocol: Protocol, group: _Group, sealed: str | None
) -> Effect:
    part = people.where(group.member)
    if sealed is not None:
        return Effect(_sealed(protocol, len(part), sealed))
    if _in_smaller_arm(part, part.observed) < FEWEST:
        return Effect(NotEstimable(reason=f"fewer than {FEWEST} people in an arm"))
    return effect(part, protocol, protocol.primary)


def _in_smaller_arm(people: Participants, chosen: NDArray[np.bool_]) -> int:
    """Count the people of the arm that has fewer of those chosen."""
    return min(
        _persons(people, chosen & arm) for arm in (people.active, ~people.active)
    )


def _persons(people: Participants, chosen: NDArray[np.bool_]) -> int:
    return len(np.unique(people.person[chosen]))


def _shrink(found: list[Effect], level: float) -> list[Estimate | NotEstimable | None]:
    usable = [one for one in found if one.fit is not None]
    if len(usable) < 2:
        return [None] * len(found)
    z = float(ndtri((1 + level) / 2))
    # The error that gives a normal interval the width of the t interval.
    errors = [(f.upper - f.lower) / (2 * z) for one in usable if (f := one.fit)]
    pooled = pool_groups([f.estimate for one in usable if (f := one.fit)], errors)
    drawn: list[Estimate | NotEstimable | None] = []
    place = 0
    for one in found:
        if not isinstance(one.estimate, Estimate) or one.fit is None:
            drawn.append(None)
            continue
        scale = one.estimate.scale
        value, se = float(pooled.values[place]), float(pooled.ses[place])
        place += 1
        drawn.append(
            one.estimate.model_copy(
                update={
                    "value": from_additive(scale, value),
                    "lower": from_additive(scale, value - z * se),
                    "upper": from_additive(scale, value + z * se),
                    "method": _POOLED,
                }
            )
        )
    return drawn


def _interaction(
    people: Participants,
    protocol: Protocol,
    characteristic: str,
    sealed: str | None,
) -> Estimate | NotEstimable:
    groups = groups_of(people, characteristic)
    part = people.where(np.logical_or.reduce([group.member for group in groups]))
    if sealed is not None:
        return _sealed(protocol, len(part), sealed)
    members = [group.member for group in groups_of(part, characteristic)]
    for member in (members[0], members[-1]):
        if _in_smaller_arm(part, member & part.observed) < FEWEST:
            return NotEstimable(
                reason=f"fewer than {FEWEST} people in an arm of one of the two groups"
            )
    others = [member.astype(float) for member in members[1:]]
    arm = part.active.astype(float)
    extra = (*(arm * other for other in others), *others)
    try:
        asked = protocol.primary.estimand
        fitted, method = fit_asked(
            part, protocol, asked, extra=extra, column=len(others)
        )
    except (ValueError, np.linalg.LinAlgError) as error:
        return NotEstimable(reason=str(error))
    scale = scale_of(protocol.primary)
    if scale in BY_LEAST_SQUARES:
        method = "arm-by-group term of the primary model, CR2 and Satterthwaite"
    return Estimate(
        value=from_additive(scale, fitted.estimate),
        lower=from_additive(scale, fitted.lower),
        upper=from_additive(scale, fitted.upper),
        level=protocol.level,
        scale=scale,
        n=fitted.n,
        estimand=f"interaction with {protocol.primary.estimand.name}",
        method=method,
    )
