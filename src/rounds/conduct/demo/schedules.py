"""The schedule of a demo whose arms change over time."""

import datetime as dt

from rounds.nouns import DefinitionError, Schedule

__all__ = ["USUAL_WEEKS", "closed_days", "schedule_of"]

USUAL_WEEKS = {
    "parallel": 26,
    "stepped-wedge": 79,
    "cluster-crossover": 39,
    "factorial": 26,
    "encounter": 26,
    "adaptive": 52,
}
"""Of enrolment, by design; transitions are part of them."""
_PERIODS = {"stepped-wedge": 4, "cluster-crossover": 2}
_FEWEST_OPEN = 2


def schedule_of(
    design: str, go_live: dt.date, weeks: int, follow_up_days: int
) -> Schedule | None:
    """Cut enrolment into periods open equally long; None if arms do not change.

    Each period but the last ends with a transition as long as the follow-up, in whole
    weeks.

    Raises
    ------
    DefinitionError
        If the weeks leave less than two to each period.
    """
    if design not in _PERIODS:
        return None
    n = _PERIODS[design]
    closed = -(-follow_up_days // 7)
    open_ = (weeks - closed * (n - 1)) // n
    if open_ < _FEWEST_OPEN:
        least = n * _FEWEST_OPEN + closed * (n - 1)
        raise DefinitionError(
            f"--weeks {weeks} is too short for --design {design}; it needs {least}.",
            code="demo-weeks",
            why=f"Nobody is enrolled in the {closed} weeks before each step: follow-up "
            "must be over before arms change.",
            remedies=(f"rounds demo --design {design} --weeks {USUAL_WEEKS[design]}",),
        )
    kind = design.replace("-", "_")
    length = dt.timedelta(weeks=open_ + closed)
    return Schedule.model_validate(
        {
            "kind": kind,
            "period_starts": tuple(go_live + i * length for i in range(n)),
            "transition_days": 7 * closed,
        }
    )


def closed_days(schedule: Schedule | None) -> tuple[tuple[int, int], ...]:
    """Give the days on which nobody is enrolled, counted from the first period's."""
    if schedule is None:
        return ()
    first, *later = schedule.period_starts
    ends = [(start - first).days for start in later]
    return tuple((end - schedule.transition_days, end) for end in ends)
