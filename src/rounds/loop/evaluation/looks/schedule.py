"""When a protocol lets a trial be looked at."""

import datetime as dt
import math
from collections.abc import Sequence

from rounds.nouns import AccessError, Protocol

__all__ = ["as_far_as", "check_due", "enrolled_until", "first_look", "look_dates"]

FEWEST_PERIODS = 2
"""Whole periods before a schedule is looked at: in the first of a stepped wedge nobody
has the card."""


def look_dates(protocol: Protocol) -> tuple[dt.date, ...]:
    """Give the days from which each look before the last may be made.

    Returns
    -------
    tuple of date
        As planned; or, where only shares of the information are, the day on which the
        same share of the enrolment has been followed up. Empty where looks may
        be made at any time.

    Examples
    --------
    Half of 180 days of enrolment, and 90 of follow-up: see
    `docs/how-to/watch-without-peeking.md`.
    """
    plan = protocol.looks
    if plan is None or plan.at_any_time:
        return ()
    if plan.dates:
        return plan.dates
    days = (protocol.enrolment.end - protocol.enrolment.start).days + 1
    return tuple(
        protocol.enrolment.start
        + dt.timedelta(days=math.ceil(share * days) + protocol.follow_up_days)
        for share in plan.fractions[:-1]
    )


def enrolled_until(protocol: Protocol, data_until: dt.date) -> dt.date:
    """Give the last day of enrolment whose follow-up ended within the data.

    Of a schedule the last day of the last whole period: of a period that is half over,
    clinics that enrol early in it would stand for all.
    """
    whole = data_until - dt.timedelta(days=protocol.follow_up_days)
    last = min(whole, protocol.enrolment.end)
    schedule = protocol.schedule
    if schedule is None:
        return last
    periods = schedule.whole_periods(last, protocol.enrolment.end)
    if periods < FEWEST_PERIODS:
        return protocol.enrolment.start - dt.timedelta(days=1)
    return schedule.closes(periods - 1, protocol.enrolment.end)


def first_look(protocol: Protocol) -> dt.date:
    """Give the first day on which a look, of data until then, has anybody to read."""
    last, schedule = protocol.enrolment.start, protocol.schedule
    if schedule is not None:
        last = schedule.closes(FEWEST_PERIODS - 1, protocol.enrolment.end)
    return last + dt.timedelta(days=protocol.follow_up_days)


def as_far_as(protocol: Protocol, last: dt.date) -> Protocol:
    """Give the protocol as it stands once enrolment has come to a day.

    Of a schedule, no cell of a later period is expected to have enrolled anybody.
    """
    schedule = protocol.schedule
    if schedule is None:
        return protocol
    whole = schedule.whole_periods(last, protocol.enrolment.end)
    later = {
        (row + 1, column + 1)
        for row in range(len(schedule.sequences))
        for column in range(whole, len(schedule.period_starts))
    }
    closed = tuple(sorted({*schedule.not_enrolling, *later}))
    cut = schedule.model_copy(update={"not_enrolling": closed})
    return protocol.model_copy(update={"schedule": cut})


def check_due(protocol: Protocol, made: Sequence[dt.date], now: dt.date) -> None:
    """Refuse a look that the protocol does not plan; no row has been read yet.

    A look of a group-sequential or Bayesian plan may be late: it spends what its
    information allows. It may not be early, nor one more: a time that is chosen
    because of what was seen is outside of what spending functions promise.

    Parameters
    ----------
    made : sequence of date
        The days on which looks were made.

    Raises
    ------
    AccessError
        If the protocol plans none, the trial is over, or none is due.

    References
    ----------
    DeMets DL, Lan KKG (1994). Interim analysis: the alpha spending function approach.
    Statistics in Medicine 13:1341-1352 (abstract and introduction).
    DOI 10.1002/sim.4780131308
    """
    plan = protocol.looks
    if plan is None:
        raise _refused(
            "The protocol plans no look before the end.",
            "Wait for the end of follow-up: rounds evaluation run",
            "Plan looks in the next protocol: `looks` in turn.yaml.",
        )
    if now > protocol.ends:
        raise _refused(
            f"Follow-up ended on {protocol.ends}: what is left is the evaluation.",
            "Evaluate it: rounds evaluation run",
        )
    if plan.at_any_time:
        return
    dates = look_dates(protocol)
    due = [day for day in dates if day <= now]
    if not due or any(one >= due[-1] for one in made):
        coming = next((str(day) for day in dates if day > now), "the end")
        raise _refused(
            f"No look is due on {now}; the next is planned for {coming}.",
            f"Wait until {coming}.",
            "For looks at any time, plan always-valid ones in the next protocol.",
        )


def _refused(what: str, *remedies: str) -> AccessError:
    return AccessError(
        what,
        code="look-not-planned",
        why="A look whose time was not planned, or was chosen by what was seen, finds "
        "effects that are not there.",
        remedies=remedies,
    )
