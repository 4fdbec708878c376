"""What each look has spent: by a clock that knows no outcome.

Two scales are kept apart. Information, one over the variance as it was estimated, tells
how looks hang together. How much of the error a look may spend is told by the calendar
of the protocol: were it told by information too, a variance that is small by chance
would lower the bound just where it raises the statistic. In made trials of two dozen
clinics that erred in 3.0 of 100 instead of 2.5 (docs/reference/accuracy.md).
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from rounds.loop.evaluation.designs.response_adaptive import told_of
from rounds.loop.evaluation.looks.record import Reading
from rounds.loop.evaluation.looks.schedule import look_dates
from rounds.loop.evaluation.participants import Participants
from rounds.nouns import Protocol

__all__ = ["CLOSEST", "Spent", "spending_time", "walk_of", "with_spent"]

CLOSEST = 1.01
"""Two looks whose information differs by less are one: nothing has come in."""


@dataclass(frozen=True, repr=False)
class Spent:
    """The looks that spent, in order, the present one last."""

    fractions: tuple[float, ...]
    """Information, as a share of what is planned; increasing where there is no walk."""
    times: tuple[float, ...]
    """Of the clock that the error is spent by; never falling."""
    df: tuple[float, ...] | None = None
    """Degrees of freedom of the standard errors; many if None."""
    walk: tuple[float, ...] | None = None
    """As `rounds.methods.sequential.Boundaries.walk`."""

    def __repr__(self) -> str:
        """Show nothing that was seen."""
        return f"<{len(self.fractions)} looks that spent>"


def spending_time(protocol: Protocol, data_until: dt.date) -> float:
    """Give how far a trial is by the clock that its error is spent by.

    Parameters
    ----------
    data_until : date
        The last day that the data tell of.

    Returns
    -------
    float
        In [0, 1]. On a planned day the share of information that is planned for it;
        between planned days in straight lines, from nobody followed up to all. Of
        always-valid plans, whose guardrails may spend, the share of the enrolment that
        has been followed up.

    References
    ----------
    Lan KKG, DeMets DL (1989), as `rounds.methods.sequential.spending_bounds`.
    """
    follow_up = dt.timedelta(days=protocol.follow_up_days)
    eve = protocol.enrolment.start + follow_up - dt.timedelta(days=1)
    plan = protocol.looks
    fractions = () if plan is None else plan.fractions[:-1]
    planned = dict(zip(look_dates(protocol), fractions, strict=True))
    days = {day: share for day, share in planned.items() if eve < day < protocol.ends}
    at = [(day - eve).days for day in (eve, *days, protocol.ends)]
    return float(np.interp((data_until - eve).days, at, (0.0, *days.values(), 1.0)))


def walk_of(people: Participants, protocol: Protocol) -> float | None:
    """Give what grows by independent steps where chances follow looks; else None.

    There the estimate averages epochs by their patients and not by precision, since
    outcomes decided the precision. What it adds up, patients times estimate, has
    independent steps; one over the variance of the estimate need not even grow. Its
    variance is taken from the sizes of the arms alone: a standard error that is small
    by chance would make looks seem closer than they are, just where it raises the
    statistic.
    """
    if protocol.adaptation is None:
        return None
    told = told_of(people)
    arms = people.active[told].astype(int)
    _, epoch = np.unique(people.stratum[told], return_inverse=True)
    sizes = np.bincount(2 * epoch + arms, minlength=2 * (epoch.max(initial=-1) + 1))
    silent, active = sizes[::2], sizes[1::2]
    return float(((silent + active) ** 2 * (1 / silent + 1 / active)).sum())


def with_spent(before: tuple[Reading, ...], now: Reading) -> Spent | None:
    """Put a look after those that spent; None where information has not grown.

    Parameters
    ----------
    before : tuple of Reading
        Of the same endpoint, in order; those that were not judged spent nothing.
    now : Reading
        With its time; of a record from before looks had a clock there is none, and it
        spent by information.
    """
    spent = tuple(one for one in before if one.is_judged and one.fraction)
    seen = (*spent, now)
    walk = tuple(one.walk for one in seen if one.walk is not None)
    fractions = tuple(one.fraction or 0.0 for one in seen)
    grown = walk if len(walk) == len(seen) else fractions
    if spent and grown[-1] < grown[-2] * CLOSEST:
        return None
    times = [
        at if one.time is None else one.time
        for one, at in zip(seen, fractions, strict=True)
    ]
    return Spent(
        fractions=fractions,
        times=tuple(np.maximum.accumulate(times).tolist()),
        df=tuple(one.df or 1.0 for one in seen),
        walk=walk if len(walk) == len(seen) else None,
    )
