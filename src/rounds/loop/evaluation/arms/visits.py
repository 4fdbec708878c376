"""Visits as participants: which encounter each is, and what came before it.

An encounter is known where care is given by its identifier, and in the data by patient
and day: a measure counts one index visit a day. The exposures hold both, so they join
the two. Of several encounters of a patient on one day the earliest is the index visit,
as it is in the measure.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from rounds.practice.exposures import ExposureRows

__all__ = ["arms_within", "encounters_of", "previous_arm", "visit_keys"]

_APART = 1_000_000
"""Days between the days of two groups, so that one sorted line holds them all."""


def visit_keys(
    person: NDArray[np.str_], when: NDArray[np.datetime64]
) -> NDArray[np.str_]:
    """Name each visit by its patient and its day.

    Parameters
    ----------
    person : array of str, shape (n,)
    when : array of datetime64, shape (n,)
        Any unit; the day counts.

    Examples
    --------
    >>> visit_keys(np.array(["p"]), np.array(["2025-01-06T09:30"], "M8[s]")).tolist()
    ['2025-01-06 p']
    """
    days = when.astype("datetime64[D]").astype(str).astype(str)
    return np.char.add(np.char.add(days, " "), person.astype(str))


def encounters_of(
    person: NDArray[np.str_],
    day: NDArray[np.datetime64],
    allocated: Collection[str],
    calls: ExposureRows,
) -> NDArray[np.str_]:
    """Give the allocated encounter that each visit is; "" where it was not allocated.

    Parameters
    ----------
    person, day : arrays, shape (n_visits,)
    allocated : collection of str
        Encounters that have an arm.
    calls : ExposureRows
        An encounter is on the day of its first call.

    Returns
    -------
    array of str, shape (n_visits,)
    """
    ours = np.flatnonzero(np.isin(calls.unit, np.array(list(allocated), dtype=str)))
    if not len(ours):
        return np.zeros(len(person), dtype=str)
    ours = ours[np.argsort(calls.occurred[ours], kind="stable")]
    _, first = np.unique(calls.unit[ours], return_index=True)
    ours = ours[np.sort(first)]
    keys, first = np.unique(
        visit_keys(calls.person_source_value[ours], calls.occurred[ours]),
        return_index=True,
    )
    wanted = visit_keys(person, day)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = calls.unit[ours[first]][place]
    return np.where(keys[place] == wanted, found, "")


def previous_arm(
    person: NDArray[np.str_],
    day: NDArray[np.datetime64],
    active: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Give the arm of the same patient's visit before: 1, 0, or NaN at the first.

    Parameters
    ----------
    person, day, active : arrays, shape (n_visits,)
        At most one visit of a patient a day.

    Examples
    --------
    >>> days = np.array(["2025-02-01", "2025-01-06", "2025-01-06"], "M8[D]")
    >>> person, active = np.array(["p", "p", "q"]), np.array([False, True, True])
    >>> previous_arm(person, days, active).tolist()
    [1.0, nan, nan]
    """
    before = np.full(len(person), np.nan)
    order = np.lexsort((day, person))
    later, earlier = order[1:], order[:-1]
    same = person[later] == person[earlier]
    before[later[same]] = active[earlier[same]]
    return before


def arms_within(
    group: NDArray[np.generic],
    day: NDArray[np.datetime64],
    active: NDArray[np.bool_],
    days: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count a group's visits, and those with the card, in the days before each visit.

    Parameters
    ----------
    group, day, active : arrays, shape (n_visits,)
    days : int
        How far back; the day of the visit itself does not count.

    Returns
    -------
    n, n_active : arrays of int, shape (n_visits,)

    Examples
    --------
    >>> days = np.array(["2025-01-06", "2025-01-08", "2025-01-08"], "M8[D]")
    >>> n, on = arms_within(np.array(["a", "a", "b"]), days, np.array([1, 0, 1]) > 0, 7)
    >>> n.tolist(), on.tolist()
    ([0, 1, 0], [0, 1, 0])
    """
    if not len(group):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing
    codes = np.unique(group, return_inverse=True)[1].astype(np.int64)
    since = (day.astype("datetime64[D]") - day.min().astype("datetime64[D]")).astype(
        np.int64
    )
    place = codes * _APART + since + days
    order = np.argsort(place, kind="stable")
    line = place[order]
    with_card = np.concatenate([[0], np.cumsum(active[order].astype(np.int64))])
    end = np.searchsorted(line, place)
    start = np.searchsorted(line, place - days)
    return end - start, with_card[end] - with_card[start]
