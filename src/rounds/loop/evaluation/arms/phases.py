"""The effect between modifications: did changing the change change what it did?"""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np

from rounds.loop.evaluation.estimates.effects import effect, scale_of
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.uptake.uptake import share_of, trial_calls
from rounds.nouns import Estimate, Modification, NotEstimable, PhaseEffect, Protocol
from rounds.practice.exposures import ExposureRows

__all__ = ["phases_of"]

_MOVED = NotEstimable(
    reason="arms changed over time by schedule, so that time since the switch and time "
    "since the modification cannot be told apart"
)


def phases_of(
    people: Participants,
    calls: ExposureRows,
    protocol: Protocol,
    modifications: Sequence[Modification],
    *,
    unit: str,
    sealed: str | None,
) -> tuple[PhaseEffect, ...]:
    """Estimate the primary effect from one modification to the next.

    Each is of those whose index visit falls between the two days, by the protocol's
    own model. Arms were randomised at the same time, so that each is as unbiased as
    the whole; that they differ may have other reasons than the modification.

    Parameters
    ----------
    modifications : sequence of Modification
        Of this rollout; those before or after enrolment divide nothing.
    unit : str
        UCUM unit of a mean difference.
    sealed : str or None
        Why every number is withheld.

    Returns
    -------
    tuple of PhaseEffect
        Empty where no modification divides the enrolment.
    """
    first, last = protocol.enrolment.start, protocol.enrolment.end
    starts = sorted({one.on for one in modifications if first < one.on <= last})
    if not starts:
        return ()
    edges = [first, *starts, last + dt.timedelta(days=1)]
    return tuple(
        _phase(people, calls, protocol, (since, until), unit=unit, sealed=sealed)
        for since, until in itertools.pairwise(edges)
    )


def _phase(
    people: Participants,
    calls: ExposureRows,
    protocol: Protocol,
    days: tuple[dt.date, dt.date],
    *,
    unit: str,
    sealed: str | None,
) -> PhaseEffect:
    since, until = (np.datetime64(day) for day in days)
    index = people.index_date.astype("datetime64[D]")
    part = people.where((index >= since) & (index < until))
    estimate: Estimate | NotEstimable
    if protocol.schedule is not None:
        estimate = _MOVED
    elif sealed is not None:
        estimate = Estimate(
            scale=scale_of(protocol.primary),
            level=protocol.level,
            n=len(part),
            sealed=sealed,
        )
    elif not len(part):
        estimate = NotEstimable(reason="nobody's index visit was on these days")
    else:
        estimate = effect(part, protocol, protocol.primary, unit=unit).estimate
    day = calls.occurred.astype("datetime64[D]")
    shown = trial_calls(calls, protocol) & calls.shown & (day >= since) & (day < until)
    return PhaseEffect(
        since=days[0],
        until=days[1] - dt.timedelta(days=1),
        estimate=estimate,
        acceptance=share_of(
            calls.feedback[shown] == "accepted",
            calls.clinic[shown],
            protocol.level,
            "cards shown on these days",
        ),
    )
