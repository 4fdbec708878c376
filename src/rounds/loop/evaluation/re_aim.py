"""RE-AIM beside the effect: reach, uptake, burden, value, and modifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rounds.loop.evaluation.phases import phases_of
from rounds.loop.evaluation.reach import reach
from rounds.loop.evaluation.resources import costed_endpoint
from rounds.loop.evaluation.uptake import burden_of, uptake_of
from rounds.loop.evaluation.value import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rounds.loop.evaluation.analysis import TrialRows
    from rounds.loop.evaluation.participants import Participants
    from rounds.nouns import Modification, NotEstimable, Protocol

__all__ = ["re_aim"]


def re_aim(
    trial: TrialRows,
    protocol: Protocol,
    joined: Mapping[str, Participants | NotEstimable],
    people: Participants,
    *,
    modifications: Sequence[Modification],
    sealed: str | None,
    ended: bool,
) -> dict[str, Any]:
    """Give the fields of an Evaluation that say how far it went and at what price.

    Parameters
    ----------
    joined : mapping of endpoint name to Participants
    people : Participants
        Of the primary endpoint.
    sealed : str or None
        Why effects are withheld; what became of cards is told none the less.
    ended : bool
        Whether the trial was looked at before its end.

    Returns
    -------
    dict
        `reach`, `value` and `phases`.
    """
    calls = trial.calls
    of_cards = {
        "uptake": uptake_of(people, calls, protocol),
        "burden": burden_of(calls, protocol),
    }
    return {
        "reach": reach(people, calls, protocol).model_copy(update=of_cards),
        "value": value_of(
            joined[costed_endpoint(protocol).estimand.name],
            protocol,
            calls,
            trial.resources,
            sealed=sealed,
            ended=ended,
        ),
        "phases": phases_of(
            people,
            calls,
            protocol,
            modifications,
            unit=trial.units.get(str(protocol.primary.measure), "1"),
            sealed=sealed,
        ),
    }
