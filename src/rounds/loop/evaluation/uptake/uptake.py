"""Who took the card up, and what it asked of clinicians: from the exposures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.uptake.waste import mean_of
from rounds.methods.shares import share_interval
from rounds.nouns import (
    Burden,
    ClinicUptake,
    Estimate,
    NotEstimable,
    Protocol,
    Uptake,
)
from rounds.practice.exposures import ExposureRows

__all__ = ["burden_of", "share_of", "trial_calls", "uptake_of"]

_UNNAMED = NotEstimable(
    reason="the calls do not say which clinician they are of (CDS Hooks "
    "context.userId), so nothing is known by clinician"
)

Flags = NDArray[np.bool_]


def trial_calls(calls: ExposureRows, protocol: Protocol) -> Flags:
    """Say which calls are of the active arm and of the trial's days, shape (n,)."""
    first = np.datetime64(protocol.enrolment.start)
    last = np.datetime64(protocol.enrolment.end) + protocol.follow_up_days
    day = calls.occurred.astype("datetime64[D]")
    return np.asarray((calls.arm == "active") & (day >= first) & (day <= last))


def share_of(
    hits: Flags, clusters: NDArray[Any], level: float, of: str, *, among: str = ""
) -> Estimate | NotEstimable:
    """Give a share with Wilson's interval at the effective sample size.

    Parameters
    ----------
    hits : array of bool, shape (n,)
    clusters : array, shape (n,)
        The clinic of each, or its own number where each stands for itself.
    level : float
        Of the interval, in (0, 1).
    of : str
        What is counted; `among` says where, in the reason for having no share.
    """
    if not len(hits):
        return NotEstimable(reason=f"there are no {of}{among}")
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


def uptake_of(people: Participants, calls: ExposureRows, protocol: Protocol) -> Uptake:
    """Give adoption by clinic and by clinician, of the active arm.

    Parameters
    ----------
    people : Participants
        Of the primary endpoint: where the card was to be shown.
    calls : ExposureRows
        Every call of the trial; those outside it are passed over.

    Returns
    -------
    Uptake
        With exact counts of cards by clinic. A clinic that was told to use the card,
        and where it was never shown, has not adopted it.
    """
    ours = trial_calls(calls, protocol)
    shown = ours & calls.shown
    accepted = shown & (calls.feedback == "accepted")
    told = np.unique(people.clinic[people.active])
    took = np.isin(told, calls.clinic[accepted])
    level = protocol.level
    return Uptake(
        clinics=share_of(took, np.arange(len(told)).astype(str), level, "clinics"),
        clinicians=_clinicians(calls, shown, accepted, level),
        by_clinic=tuple(
            _at(k, calls, shown & (calls.clinic == clinic), accepted, level)
            for k, clinic in enumerate(told, start=1)
        ),
    )


def _at(
    number: int, calls: ExposureRows, here: Flags, accepted: Flags, level: float
) -> ClinicUptake:
    whose = calls.person_source_value[here]
    return ClinicUptake(
        clinic=f"{number}",
        accepted=share_of(accepted[here], whose, level, "cards shown at this clinic"),
        adopted=bool(accepted[here].any()),
    )


def _clinicians(
    calls: ExposureRows, shown: Flags, accepted: Flags, level: float
) -> Estimate | NotEstimable:
    named = shown & (calls.clinician != "")
    if not named.any():
        nobody = NotEstimable(reason="no card was shown in the active arm")
        return _UNNAMED if shown.any() else nobody
    _, first = _as_met(calls.clinician[named])
    took = np.isin(calls.clinician[named][first], calls.clinician[accepted])
    # A clinician is counted at the clinic of their first card.
    return share_of(took, calls.clinic[named][first], level, "clinicians shown a card")


def _as_met(
    clinicians: NDArray[np.str_],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number clinicians as they come; give each row's number, and where each is first.

    Pseudonyms are drawn anew in each practice: in their order, sums would differ in the
    last digit from one copy of a trial to another.
    """
    _, first, codes = np.unique(clinicians, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))
    return number[codes], np.sort(first)


def burden_of(calls: ExposureRows, protocol: Protocol) -> Burden:
    """Count cards and minutes of a clinician's day, in the active arm.

    Returns
    -------
    Burden
        Means over the days on which a clinician made any call, due or not, with
        intervals that allow for clinics.
    """
    ours = trial_calls(calls, protocol) & (calls.clinician != "")
    if not ours.any():
        none = _UNNAMED
        return Burden(cards=none, minutes=none)
    day = calls.occurred[ours].astype("datetime64[D]").astype("int64")
    who, _ = _as_met(calls.clinician[ours])
    keys = np.column_stack([who, day])
    _, first, codes = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    cards = np.bincount(codes.ravel(), weights=calls.shown[ours]).astype(float)
    clinics = calls.clinic[ours][first]
    minutes = None if protocol.costs is None else protocol.costs.minutes_per_card

    def each(times: float, unit: str) -> Estimate | NotEstimable:
        return mean_of(
            cards * times,
            clinics,
            level=protocol.level,
            unit=unit,
            of="clinician days",
        )

    return Burden(
        cards=each(1.0, "/d"),
        minutes=NotEstimable(
            reason="the protocol has no costs that say how many minutes a card takes"
        )
        if minutes is None
        else each(minutes.value, "min/d"),
    )
