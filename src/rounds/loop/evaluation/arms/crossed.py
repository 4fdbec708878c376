"""What two factors do: the second at the margins, the interaction, inside the table.

The rule that was fixed with the protocol says whether the margins are read
(`interaction.py`). Where it withholds them, no effect at the margins of the primary
endpoint is told anywhere, of either factor; what is inside the table stands, and no
decision rests on it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rounds.datamart.rows import MeasureRows
from rounds.loop.evaluation.arms.interaction import InteractionRule, Reading
from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.design import Fit
from rounds.loop.evaluation.estimates.effects import fit, scale_of
from rounds.loop.evaluation.estimates.endpoints import Endpoints
from rounds.loop.evaluation.estimates.equity import equity
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.uptake.re_aim import reached
from rounds.loop.evaluation.value.resources import costed_endpoint
from rounds.loop.evaluation.value.value import value_of
from rounds.nouns import (
    CellSummary,
    Estimate,
    FactorialResult,
    FactorResult,
    Factors,
    NotEstimable,
    Protocol,
    Reach,
    Ref,
    Rollout,
)
from rounds.practice.exposures import ExposureRows

__all__ = ["Crossed", "crossed"]

_CellName = Literal["neither", "first", "second", "both"]
_CELL_NAMES: tuple[_CellName, ...] = ("neither", "first", "second", "both")
"""As `Factors.CELLS`: bit 0 is the first factor, bit 1 the second."""


@dataclass(frozen=True)
class Crossed:
    """What the two factors do, and why their margins are withheld, if they are."""

    told: FactorialResult
    withheld: str | None


def crossed(
    joined: Mapping[str, Participants | NotEstimable],
    rollout: Rollout,
    protocol: Protocol,
    *,
    units: Mapping[str, str],
    second_calls: ExposureRows | None,
    resources: Mapping[str, MeasureRows | NotEstimable],
    sealed: str | None,
    ended: bool = False,
) -> Crossed | None:
    """Look at what the two factors do together; at nothing while sealed.

    Parameters
    ----------
    joined : mapping of endpoint name to Participants
        Or why an endpoint has none.
    units : mapping of measure Ref as text to str
        UCUM units of continuous measures.
    second_calls : ExposureRows or None
        Of the second factor's service.
    resources : mapping of cost item to MeasureRows
        Where the protocol has costs.
    sealed : str or None
        Why every number is withheld.
    ended : bool
        Whether the trial was looked at before its end.

    Returns
    -------
    Crossed or None
        None where the protocol has one factor.
    """
    factors, knowledge = protocol.factors, rollout.second_knowledge_object
    if factors is None:
        return None
    assert knowledge is not None
    assert second_calls is not None
    primary = protocol.primary.estimand.name
    people = joined[primary]
    if isinstance(people, NotEstimable):
        asked: Callable[[str], _Looked] = _never(people)
    elif sealed is not None:
        asked = _never(NotEstimable(reason=f"sealed: {sealed}"))
    else:
        asked = _asked_of(people, protocol, units)
    interaction, p_value = asked("interaction")
    reading, why = _read(interaction, p_value, factors)
    withheld = None
    if reading == "inside_the_table":
        withheld = (
            f"{factors.first} and {factors.second} interact: {why}. What each does "
            "goes with the arm of the other, so neither is told at the margins; see "
            "inside the table."
        )
    swapped = {
        name: one if isinstance(one, NotEstimable) else one.swapped()
        for name, one in joined.items()
    }
    told = FactorialResult(
        names=(factors.first, factors.second),
        second=_second(
            work=Endpoints(protocol, swapped, units, sealed),
            chief=Endpoints(protocol, swapped, units, sealed or withheld),
            knowledge=knowledge,
            calls=second_calls,
            resources=resources,
            ended=ended,
        ),
        interaction=interaction,
        first_alone=asked("first_alone")[0],
        second_alone=asked("second_alone")[0],
        both=asked("both")[0],
        cells=()
        if isinstance(people, NotEstimable)
        else _cells(people, protocol, sealed=sealed is not None),
        reading=reading,
        note=why,
    )
    return Crossed(told, withheld)


_Looked = tuple[Estimate | NotEstimable, float | None]


def _never(reason: NotEstimable) -> Callable[[str], _Looked]:
    return lambda _: (reason, None)


def _asked_of(
    people: Participants, protocol: Protocol, units: Mapping[str, str]
) -> Callable[[str], _Looked]:
    """Give what answers each look by its name: one model, its columns turned."""
    assert people.second is not None
    a, b = people.active, people.second
    both = a & b
    looks: dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]]
    looks = {
        "interaction": (both, a, b),
        "first_alone": (a, both, b),
        "second_alone": (b, both, a),
        "both": (both, a & ~b, b & ~a),
    }
    scale = scale_of(protocol.primary)
    unit = units.get(str(protocol.primary.measure), "1")

    def asked(name: str) -> _Looked:
        active, beside, second = looks[name]
        turned = _turned(people, active, second)
        try:
            found: Fit = fit(turned, protocol, extra=(beside.astype(float),))
        except ValueError as error:
            return NotEstimable(reason=str(error)), None
        estimate = Estimate(
            value=found.estimate,
            lower=found.lower,
            upper=found.upper,
            level=protocol.level,
            scale=scale,
            unit=unit if scale == "mean_difference" and unit else "1",
            n=found.n,
            estimand=f"{protocol.primary.estimand.name}: {name.replace('_', ' ')}",
            method=design_of(protocol).method,
        )
        return estimate, found.p_value

    return asked


def _turned(
    people: Participants, active: NDArray[np.bool_], second: NDArray[np.bool_]
) -> Participants:
    """Give participants whose `active` and `second` are other columns of the model."""
    return replace(people, active=active, second=second)


def _read(
    interaction: Estimate | NotEstimable, p_value: float | None, factors: Factors
) -> tuple[Reading | None, str]:
    if isinstance(interaction, NotEstimable) or p_value is None:
        assert isinstance(interaction, NotEstimable)
        return None, interaction.reason
    rule = InteractionRule(factors.interaction_margin, factors.interaction_alpha)
    return rule.reading(interaction.numbers[0], p_value)


def _second(
    *,
    work: Endpoints,
    chief: Endpoints,
    knowledge: Ref,
    calls: ExposureRows,
    resources: Mapping[str, MeasureRows | NotEstimable],
    ended: bool,
) -> FactorResult:
    """Give what the second factor did; `chief` is what the rule leaves to be told."""
    protocol = work.protocol
    people = work.people(protocol.primary)
    by_role = {
        role: [e for e in protocol.endpoints if e.role == role]
        for role in ("balancing", "secondary")
    }
    nobody = NotEstimable(reason="there are no participants")
    return FactorResult(
        knowledge_object=knowledge,
        estimate=chief.effect(protocol.primary).estimate,
        balancing=tuple(work.balancing(e) for e in by_role["balancing"]),
        secondary=tuple(work.secondary(e) for e in by_role["secondary"]),
        reach=Reach(reach=nobody, adoption=nobody, fidelity=nobody, acceptance=nobody)
        if isinstance(people, NotEstimable)
        else reached(people, calls, protocol),
        equity=()
        if isinstance(people, NotEstimable)
        else equity(people, protocol, chief.sealed)[0],
        value=value_of(
            work.people(costed_endpoint(protocol)),
            protocol,
            calls,
            resources,
            sealed=chief.sealed,
            ended=ended,
            card="second",
        ),
    )


def _cells(
    people: Participants, protocol: Protocol, *, sealed: bool
) -> tuple[CellSummary, ...]:
    """Give each cell's denominator and crude outcome; no outcome while sealed."""
    assert people.second is not None
    continuous = scale_of(protocol.primary) == "mean_difference"
    summaries = []
    for number, name in enumerate(_CELL_NAMES):
        member = (people.active == bool(number & 1)) & (
            people.second == bool(number & 2)
        )
        known = member & people.observed
        n, total = int(known.sum()), float(people.outcome[known].sum())
        shown = n > 0 and not sealed
        summaries.append(
            CellSummary(
                cell=name,
                n_units=len(np.unique(people.unit[member])),
                n=n,
                numerator=round(total) if shown and not continuous else None,
                value=total / n if shown else None,
            )
        )
    return tuple(summaries)
