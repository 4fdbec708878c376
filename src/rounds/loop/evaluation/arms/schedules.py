"""Days and sequences of a schedule as arrays: which period, which arm, who is enrolled.

Everybody is enrolled once, at the first index visit of the whole trial. Whether and
when that falls does not depend on the card, which acts from that visit on; later ones
may, so nobody is enrolled again in a later period. Those whose index visit falls in a
transition are left out, the same days in every clinic.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds.nouns import Schedule

__all__ = ["Placed", "place", "table_of"]


@dataclass(frozen=True, repr=False)
class Placed:
    """Where index visits fall, arrays of one length.

    Parameters
    ----------
    period : array of int
        Counted from 0.
    active : array of bool
        Whether the clinic's sequence has the card in that period.
    in_transition : array of bool
        Too near the next step to be followed up before it.
    not_enrolling : array of bool
        In a cell of the schedule in which nobody is enrolled.
    """

    period: NDArray[np.intp]
    active: NDArray[np.bool_]
    in_transition: NDArray[np.bool_]
    not_enrolling: NDArray[np.bool_]

    def __repr__(self) -> str:
        """Show no value of a person."""
        return f"<placed: {len(self.period):,}>"


def place(
    schedule: Schedule, sequence: NDArray[np.intp], day: NDArray[np.datetime64]
) -> Placed:
    """Place index visits in a schedule.

    Parameters
    ----------
    sequence : array of int, shape (n,)
        The sequence of each visit's clinic, counted from 0.
    day : array of datetime64[D], shape (n,)
        When it was; before the first period counts as in it.
    """
    starts = np.array(schedule.period_starts, dtype="datetime64[D]")
    days = day.astype("datetime64[D]")
    period = np.maximum(np.searchsorted(starts, days, side="right") - 1, 0)
    active, enrols = table_of(schedule)
    ends = np.append(starts[1:], np.datetime64("9999-01-01"))
    left = (ends[period] - days).astype(int)
    return Placed(
        period=period,
        active=active[sequence, period],
        in_transition=left <= schedule.transition_days,
        not_enrolling=~enrols[sequence, period],
    )


def table_of(schedule: Schedule) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Give who is active and who enrols, each of shape (n_sequences, n_periods)."""
    n, k = len(schedule.period_starts), len(schedule.sequences)
    active = np.array([[one == "1" for one in row] for row in schedule.sequences], bool)
    enrols = np.array([[schedule.enrols(i, t) for t in range(n)] for i in range(k)])
    return active, enrols
