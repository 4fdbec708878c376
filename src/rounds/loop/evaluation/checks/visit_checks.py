"""Checks where each visit was randomised, each threshold with its reason.

============== ========================================== =========================
check          fails when                                  because
============== ========================================== =========================
carry_over     the arm of the same patient's visit before  the effect of one card is
               moves the outcome by more than 5 points     then not what cards at
               (p < 0.001)                                 every visit would do
spill_over     the share of cards among the clinician's    silent visits are then not
               visits with others in the 28 days before    what care without a card
               does, from none to all                      is: the arms are drawn
                                                           together
============== ========================================== =========================

Both compare this visit's outcome, with its arm and the covariates adjusted for. Arms
before it were drawn by lot; but who comes again uncontrolled may be the card's doing:
`carry_over` is a sign, and no effect. A mean may move by a fifth of a standard
deviation in place of 5 points. A clinician who learns once and for all is not seen by
`spill_over`: cards of long ago and of yesterday then do the same. That is an assumption
of the design, and is said as one. How much the outcome moves is not told: while the
estimate is sealed, no outcome by arm is.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.arms.visits import arms_within, previous_arm
from rounds.loop.evaluation.participants import Participants
from rounds.loop.evaluation.wording import at_most
from rounds.methods.shares import adjusted_difference
from rounds.nouns import Diagnostic

__all__ = ["VISIT_CHECKS", "carry_over", "spill_over"]

VISIT_CHECKS = ("carry_over", "spill_over")
"""The checks that only such designs have."""

MOST_MOVED = 0.05
MOST_MOVED_SD = 0.2
RECENT_DAYS = 28
P_MOVED = 0.001

Columns = list[NDArray[np.float64]]
Clusters = Callable[[Participants], NDArray[np.str_] | None]


def carry_over(
    people: Participants,
    columns: Columns,
    clusters: Clusters,
    *,
    continuous: bool = False,
) -> Diagnostic:
    """Ask whether the arm of a patient's visit before tells this visit's outcome.

    Parameters
    ----------
    people : Participants
        Visits, of the primary endpoint.
    columns : list of array, shape (n_visits,)
        Covariates.
    clusters : callable
        The design's.
    continuous : bool
        Whether the outcome is a number.
    """
    before = previous_arm(people.person, people.index_date, people.active)
    return _moved(
        "carry_over",
        "Does the arm of a patient's visit before tell the outcome of this one?",
        people,
        before,
        columns=columns,
        clusters=clusters,
        continuous=continuous,
        said="one of the same patient",
    )


def spill_over(
    people: Participants,
    columns: Columns,
    clusters: Clusters,
    *,
    continuous: bool = False,
) -> Diagnostic:
    """Ask whether cards for others tell the outcome of the same clinician's visits.

    Parameters
    ----------
    people, columns, clusters, continuous
        As of `carry_over`.
    """
    name = "spill_over"
    question = "Do cards shown for other patients tell what a clinician does at this?"
    if people.clinician is None or not (people.clinician != "").any():
        return _unknown(name, question, "the data do not tell who saw the patients.")
    whose = np.char.add(np.char.add(people.clinician, " "), people.person)
    all_, own = (
        arms_within(group, people.index_date, people.active, RECENT_DAYS)
        for group in (people.clinician, whose)
    )
    n, with_card = all_[0] - own[0], all_[1] - own[1]
    told = (n > 0) & (people.clinician != "")
    share = np.where(told, with_card / np.maximum(n, 1), np.nan)
    return _moved(
        name,
        question,
        people,
        share,
        columns=columns,
        clusters=clusters,
        continuous=continuous,
        said=f"others of the same clinician in the {RECENT_DAYS} days",
    )


def _moved(
    name: str,
    question: str,
    people: Participants,
    before: NDArray[np.float64],
    *,
    columns: Columns,
    clusters: Clusters,
    continuous: bool,
    said: str,
) -> Diagnostic:
    """Judge by how much what went before moves the outcome, the arm being equal."""
    known = people.observed & ~np.isnan(before)
    some = people.where(known)
    if not known.any() or np.ptp(before[known]) == 0:
        return _unknown(name, question, "hardly a visit has another before it.")
    active = some.active.astype(float)
    others = [active, *(column[known] for column in columns)]
    margin = MOST_MOVED
    if continuous:
        margin = MOST_MOVED_SD * float(some.outcome.std())
    own, grouped = before[known], clusters(some)
    if grouped is None:
        grouped = some.person
    try:
        p_value = adjusted_difference(some.outcome, own, others, grouped, margin)
    except ValueError:
        return _unknown(name, question, "too few visits have another before them.")
    most = f"{margin:.3g}" if continuous else f"{100 * margin:.0f} points"
    return Diagnostic(
        name=name,
        question=question,
        value=p_value,
        threshold=P_MOVED,
        verdict="fail" if p_value < P_MOVED else "pass",
        detail=f"{at_most(int(known.sum()))} visits had {said} before them; moving the "
        f"outcome by up to {most} either way is tolerated.",
    )


def _unknown(name: str, question: str, why: str) -> Diagnostic:
    return Diagnostic(name=name, question=question, verdict="not_evaluated", detail=why)
