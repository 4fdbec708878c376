"""Checks where arms change over time, each threshold with its reason.

============== ========================================== =========================
check          fails when                                  because
============== ========================================== =========================
adherence      the share of due calls that were not as     a twentieth of calls in the
               the clinic's sequence says on that day is   other arm dilutes the effect
               above 0.05 (p < 0.001)                      by a twentieth at the least
periods        a sequence has nobody with a known outcome  a period without data tells
               in a period in which it enrols              nothing of its time
switching      more clinics are seen in one arm alone     a clinic that never switches
               than chance would have it, or one is that   cannot tell the card from
               hardly could be (p < 0.001)                 its own passing time
============== ========================================== =========================
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.arms.schedules import place, table_of
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.loop.evaluation.wording import share_in_words
from rounds.methods.clusters.least_squares import cluster_ols
from rounds.methods.shares import adjusted_difference, share_test
from rounds.nouns import Diagnostic, Schedule
from rounds.practice.exposures import ExposureRows

__all__ = [
    "SCHEDULE_CHECKS",
    "adherence",
    "difference_over_time",
    "enrolment_over_time",
    "periods",
    "switching",
]

SCHEDULE_CHECKS = ("adherence", "periods", "switching")
"""The checks that only such designs have."""

MOST_OFF_SCHEDULE = 0.05
P_SHARE = 0.001


def adherence(
    calls: ExposureRows, allocation: Allocation, schedule: Schedule
) -> Diagnostic:
    """Ask whether cards began, and ended, when each clinic's sequence says."""
    question = "Were cards shown from the day on that each sequence says, and no other?"
    ours = calls.due & np.isin(calls.unit, sorted(allocation))
    if not ours.any():
        return Diagnostic(
            name="adherence",
            question=question,
            verdict="not_evaluated",
            detail="no call at a clinic of the trial was due.",
        )
    units, shown = calls.unit[ours], calls.shown[ours]
    names, codes = np.unique(units, return_inverse=True)
    order = {name: i for i, name in enumerate(schedule.names)}
    sequence = np.array([order[allocation[str(name)][0]] for name in names], np.intp)
    meant = place(schedule, sequence[codes], calls.occurred[ours]).active
    early, late = shown & ~meant, ~shown & meant
    test = share_test(early | late, units, MOST_OFF_SCHEDULE, "above")
    return Diagnostic(
        name="adherence",
        question=question,
        value=test.p_value,
        threshold=P_SHARE,
        verdict="fail" if test.p_value < P_SHARE else "pass",
        detail=(
            f"{share_in_words(int(early.sum()), len(units))} calls were shown a card "
            f"while silent, {share_in_words(int(late.sum()), len(units))} none while "
            f"the card was on; at most {MOST_OFF_SCHEDULE:.0%} together is tolerated, "
            f"and {test.n_clusters_off} of {test.n_clusters} clinics were beyond it."
        ),
    )


def periods(people: Participants, schedule: Schedule) -> Diagnostic:
    """Ask whether each sequence has somebody in each period in which it enrols."""
    assert people.period is not None
    assert people.sequence is not None
    _, meant = table_of(schedule)
    seen = np.zeros_like(meant)
    seen[people.sequence[people.observed], people.period[people.observed]] = True
    empty = np.argwhere(meant & ~seen)
    said = ", ".join(f"sequence {i + 1} in period {t + 1}" for i, t in empty.tolist())
    return Diagnostic(
        name="periods",
        question="Is an outcome known in every period, of every sequence that enrols?",
        value=float(len(empty)),
        threshold=0.0,
        verdict="fail" if len(empty) else "pass",
        detail=(
            f"nobody's outcome is known of {said}."
            if said
            else f"some are known in all {int(meant.sum())} cells of the schedule."
        ),
    )


def switching(people: Participants, schedule: Schedule) -> Diagnostic:
    """Ask whether clinics are seen in both arms, as often as chance would have it."""
    question = "Is every clinic seen both with the card and without?"
    known = people.observed
    if not known.any():
        return Diagnostic(
            name="switching",
            question=question,
            verdict="not_evaluated",
            detail="nobody's outcome is known.",
        )
    p_value, one_armed, expected = _one_armed(people.where(known), schedule)
    n = len(np.unique(people.clinic[known]))
    return Diagnostic(
        name="switching",
        question=question,
        value=p_value,
        threshold=P_SHARE,
        verdict="fail" if p_value < P_SHARE else "pass",
        detail=(
            f"{one_armed} of {n} clinics are seen in one arm alone; with as many "
            f"patients, {expected:.1f} would be if all went on enrolling alike."
        ),
    )


def _one_armed(people: Participants, schedule: Schedule) -> tuple[float, int, float]:
    """Compare how many clinics are seen in one arm alone with what chance gives.

    A clinic of n patients is by chance with probability pⁿ + (1 − p)ⁿ, p being the
    share of all patients who come in the periods in which its sequence has the card.
    The number of such clinics is judged over all, and the least likely one by itself;
    the smaller p-value, doubled, counts.
    """
    assert people.period is not None
    assert people.sequence is not None
    active, enrols = table_of(schedule)
    came = np.bincount(people.period, minlength=active.shape[1])
    share = (enrols * active) @ came / np.maximum(enrols @ came, 1)
    _, first, codes = np.unique(people.clinic, return_index=True, return_inverse=True)
    size = np.bincount(codes)
    with_card = np.bincount(codes, weights=people.active)
    p = share[people.sequence[first]]
    chance = p**size + (1 - p) ** size
    one_armed = (with_card == 0) | (with_card == size)
    n = int(one_armed.sum())
    if not n:
        return 1.0, 0, float(chance.sum())
    distribution = np.ones(1)
    for one in chance:
        distribution = np.convolve(distribution, [1 - one, one])
    each = min(1.0, float(chance[one_armed].min()) * len(chance))
    together = float(distribution[n:].sum())
    return min(1.0, 2 * min(each, together)), n, float(chance.sum())


def difference_over_time(people: Participants, margin: float) -> float:
    """Give the p-value that arms differ in whose outcome is known, within periods.

    Parameters
    ----------
    margin : float
        A difference that does not matter.
    """
    assert people.period is not None
    indicators = [(people.period == t).astype(float) for t in np.unique(people.period)]
    return adjusted_difference(
        people.observed,
        people.active,
        [*indicators, *_clinics(people.clinic)],
        people.clinic,
        margin,
    )


def enrolment_over_time(
    people: Participants, allocation: Allocation, schedule: Schedule
) -> tuple[float, float]:
    """Compare how many clinics enrol with the card and without, period by period.

    Returns
    -------
    ratio, p_value : float
        How many times as many with the card, other things being equal.

    Raises
    ------
    ValueError
        If clinics are too few.
    """
    assert people.period is not None
    active, enrols = table_of(schedule)
    names = sorted(allocation)
    place_of = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(schedule.period_starts)))
    rows = np.array([place_of[str(clinic)] for clinic in people.clinic], np.intp)
    np.add.at(counts, (rows, people.period), 1)
    order: Mapping[str, int] = {name: i for i, name in enumerate(schedule.names)}
    sequence = np.array([order[allocation[name][0]] for name in names])
    clinic, period = np.nonzero(enrols[sequence] & (counts.sum(axis=1) > 0)[:, None])
    arm = active[sequence[clinic], period].astype(float)
    when = [(period == t).astype(float) for t in np.unique(period)]
    # Half a person: a cell with nobody has a logarithm too.
    growth = np.log(counts[clinic, period] + 0.5)
    design = np.column_stack([arm, np.ones(len(arm)), *when, *_clinics(clinic)])
    fitted = cluster_ols(growth, design, clinic)
    return float(np.exp(fitted.estimate)), fitted.p_value


def _clinics(codes: NDArray[np.generic]) -> list[NDArray[np.float64]]:
    return [(codes == one).astype(float) for one in np.unique(codes)[1:]]
