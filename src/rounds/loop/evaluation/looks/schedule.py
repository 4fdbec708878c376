"""When a protocol lets a trial be looked at."""

import datetime as dt
import math
from collections.abc import Sequence

from rounds.nouns import AccessError, Protocol

__all__ = ["check_due", "enrolled_until", "look_dates"]


def look_dates(protocol: Protocol) -> tuple[dt.date, ...]:
    """Give the days from which each look before the last may be made.

    Returns
    -------
    tuple of date
        As planned; or, where only shares of the information are, the day on which the
        same share of the enrolment has been followed up. Empty if always valid.

    Examples
    --------
    Half of 180 days of enrolment, and 90 of follow-up: see
    `docs/how-to/watch-without-peeking.md`.
    """
    plan = protocol.looks
    if plan is None or plan.looks == "always_valid":
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
    """Give the last day of enrolment whose follow-up ended within the data."""
    whole = data_until - dt.timedelta(days=protocol.follow_up_days)
    return min(whole, protocol.enrolment.end)


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
    if plan.looks == "always_valid":
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
