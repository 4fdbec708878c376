"""Did the reminder get where it was meant to go (RE-AIM, from the exposures)?"""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.equity import groups_of
from rounds.loop.evaluation.participants import Participants
from rounds.methods.shares import share_interval
from rounds.nouns import Estimate, GroupReach, NotEstimable, Protocol, Reach
from rounds.practice.exposures import ExposureRows

__all__ = ["reach"]


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
    reached = np.isin(enrolled.person, calls.person_source_value[shown])
    units = np.unique(people.unit[active])
    adopted = np.isin(units, calls.unit[accepted])
    level = protocol.level
    where = _where(calls, people)
    reasons = Counter(
        str(reason)
        for reason in calls.override_reason[shown & (calls.feedback == "overridden")]
        if reason
    )
    return Reach(
        reach=_share(reached, enrolled.clinic, level, "enrolled patients"),
        adoption=_share(adopted, np.arange(len(units)), level, "units"),
        fidelity=_share(calls.shown[due], where[due], level, "calls due"),
        acceptance=_share(accepted[shown], where[shown], level, "cards shown"),
        override_reasons=tuple(sorted(reasons.items(), key=lambda i: (-i[1], i[0]))),
        by_group=_by_group(reached, enrolled, protocol),
    )


def _by_group(
    reached: NDArray[np.bool_], enrolled: Participants, protocol: Protocol
) -> tuple[GroupReach, ...]:
    """Give the reach of each group: is who is reached like who is enrolled?"""
    return tuple(
        GroupReach(
            characteristic=characteristic,
            group=group.name,
            share=_share(
                reached[group.member],
                enrolled.clinic[group.member],
                protocol.level,
                f"enrolled patients ({group.name})",
            ),
        )
        for characteristic in protocol.equity_groups
        for group in groups_of(enrolled, characteristic)
    )


def _where(calls: ExposureRows, people: Participants) -> NDArray[np.str_]:
    """Give the clinic of each call: its unit, or that of the enrolled patient."""
    clinic = dict(zip(people.unit.tolist(), people.clinic.tolist(), strict=True))
    names, codes = np.unique(calls.unit, return_inverse=True)
    places = np.array([clinic.get(str(name), str(name)) for name in names], dtype=str)
    return places[codes] if len(names) else calls.unit


def _share(
    hits: NDArray[np.bool_], clusters: NDArray[Any], level: float, of: str
) -> Estimate | NotEstimable:
    if not len(hits):
        return NotEstimable(reason=f"there are no {of} in the active arm")
    value, lower, upper = share_interval(hits, clusters, level=level)
    return Estimate(
        value=value,
        lower=lower,
        upper=upper,
        level=level,
        scale="proportion",
        n=len(hits),
        estimand=f"share of {of}",
        method="Wilson interval at the effective sample size over clinics",
    )
