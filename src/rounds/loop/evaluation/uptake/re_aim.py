"""RE-AIM beside the effect: reach, uptake, burden, value, and modifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rounds.loop.evaluation.arms.phases import phases_of
from rounds.loop.evaluation.uptake.reach import reach
from rounds.loop.evaluation.uptake.uptake import burden_of, uptake_of
from rounds.loop.evaluation.value.resources import costed_endpoint
from rounds.loop.evaluation.value.value import value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rounds.loop.evaluation.estimates.endpoints import Endpoints
    from rounds.loop.evaluation.participants import Participants
    from rounds.loop.evaluation.trial import Ended, TrialRows
    from rounds.nouns import Modification, Protocol, Reach
    from rounds.practice.exposures import ExposureRows

__all__ = ["re_aim", "reached"]


def re_aim(
    trial: TrialRows,
    work: Endpoints,
    people: Participants,
    *,
    log: Sequence[Modification],
    sealed: str | None,
    ended: Ended | None,
) -> dict[str, Any]:
    """Give the fields of an Evaluation that say how far it went and at what price.

    Parameters
    ----------
    work : Endpoints
        The protocol's, joined to their arms.
    people : Participants
        Of the primary endpoint.
    sealed : str or None
        Why effects are withheld; what became of cards is told none the less.
    log : sequence of Modification
        Of this rollout.
    ended : Ended, optional
        How a trial that was looked at before its end came to it.

    Returns
    -------
    dict
        `reach`, `value` and `phases`.
    """
    calls, protocol = trial.calls, work.protocol
    return {
        "reach": reached(people, calls, protocol),
        "value": value_of(
            work.people(costed_endpoint(protocol)),
            protocol,
            calls,
            trial.resources,
            sealed=sealed,
            ended=ended is not None,
        ),
        "phases": phases_of(
            people,
            calls,
            protocol,
            log,
            unit=trial.units.get(str(protocol.primary.measure), "1"),
            sealed=sealed,
        ),
    }


def reached(people: Participants, calls: ExposureRows, protocol: Protocol) -> Reach:
    """Say whom a card reached, who took it up, and what it asked of clinicians."""
    of_cards = {
        "uptake": uptake_of(people, calls, protocol),
        "burden": burden_of(calls, protocol),
    }
    return reach(people, calls, protocol).model_copy(update=of_cards)
