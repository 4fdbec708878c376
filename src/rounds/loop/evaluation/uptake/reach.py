"""Did the reminder get where it was meant to go (RE-AIM, from the exposures)?"""

from collections import Counter
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.estimates.equity import groups_of
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.uptake.uptake import share_of
from rounds.nouns import GroupReach, Protocol, Reach
from rounds.practice.exposures import ExposureRows

__all__ = ["reach"]

_of_active = partial(share_of, among=" in the active arm")


def reach(people: Participants, calls: ExposureRows, protocol: Protocol) -> Reach:
    """Give reach, adoption, fidelity and acceptance in the active arm.

    Parameters
    ----------
    people : Participants
        Of the primary endpoint.
    calls : ExposureRows
        Every call of the trial; those outside it are passed over.

    Returns
    -------
    Reach
        Shares in [0, 1] with Wilson intervals at the effective sample size;
        override reasons from the most to the least frequent; the reach of each group
        whose effect the protocol asks for, with exact counts.
    """
    first = np.datetime64(protocol.enrolment.start)
    last = np.datetime64(protocol.enrolment.end) + protocol.follow_up_days
    day = calls.occurred.astype("datetime64[D]")
    ours = (calls.arm == "active") & (day >= first) & (day <= last)
    shown = ours & calls.shown
    accepted = shown & (calls.feedback == "accepted")
    due = ours & calls.due
    active = people.active
    enrolled = people.where(active)
    if people.are_visits:
        # Visits are reached one by one; it is clinics that take a card up.
        reached = np.isin(enrolled.unit, calls.unit[shown])
        units = np.unique(enrolled.clinic)
        adopted = np.isin(units, calls.clinic[accepted])
    else:
        reached = np.isin(enrolled.person, calls.person_source_value[shown])
        units = np.unique(enrolled.unit)
        adopted = np.isin(units, calls.unit[accepted])
    level = protocol.level
    where = _where(calls, people)
    reasons = Counter(
        str(reason)
        for reason in calls.override_reason[shown & (calls.feedback == "overridden")]
        if reason
    )
    return Reach(
        reach=_of_active(reached, enrolled.clinic, level, _enrolled(people)),
        adoption=_of_active(adopted, np.arange(len(units)), level, "units"),
        fidelity=_of_active(calls.shown[due], where[due], level, "calls due"),
        acceptance=_of_active(accepted[shown], where[shown], level, "cards shown"),
        override_reasons=tuple(sorted(reasons.items(), key=lambda i: (-i[1], i[0]))),
        by_group=_by_group(reached, enrolled, protocol),
    )


def _by_group(
    reached: NDArray[np.bool_], enrolled: Participants, protocol: Protocol
) -> tuple[GroupReach, ...]:
    """Give the reach of each group: is who is reached like who is enrolled?

    Of visits, a group's people are counted, each reached by a card at any visit.
    """
    once = np.zeros(len(enrolled), dtype=bool)
    once[np.unique(enrolled.person, return_index=True)[1]] = True
    whose = enrolled.person[reached]
    enrolled = enrolled.where(once)
    reached = np.isin(enrolled.person, whose)
    return tuple(
        GroupReach(
            characteristic=characteristic,
            group=group.name,
            share=_of_active(
                reached[group.member],
                enrolled.clinic[group.member],
                protocol.level,
                f"enrolled patients ({group.name})",
            ),
        )
        for characteristic in protocol.equity_groups
        for group in groups_of(enrolled, characteristic)
    )


def _enrolled(people: Participants) -> str:
    return "enrolled visits" if people.are_visits else "enrolled patients"


def _where(calls: ExposureRows, people: Participants) -> NDArray[np.str_]:
    """Give the clinic of each call: its unit, or that of the enrolled patient."""
    clinic = dict(zip(people.unit.tolist(), people.clinic.tolist(), strict=True))
    names, codes = np.unique(calls.unit, return_inverse=True)
    places = np.array([clinic.get(str(name), str(name)) for name in names], dtype=str)
    return places[codes] if len(names) else calls.unit
