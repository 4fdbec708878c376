"""The looks of a demo whose allocation follows what they see."""

import datetime as dt

from rounds.nouns import DefinitionError, LookPlan

__all__ = ["adaptive_looks"]

_SHARES = (0.1, 0.35, 0.6)
"""Of the enrolment, after which chances may change."""
_AT = (0.3, 0.5, 0.7, 1.0)
"""Of the information that there is by then, as first visits come early."""
_PATIENTS_A_PERSON = 0.33
"""Enrolled, of the registered adults, in a year: for the planned precision alone."""
_RATE = 0.18
_LESS_PRECISE = 1.1
"""By how much clinics and unequal arms raise the standard error."""


def adaptive_looks(
    go_live: dt.date, weeks: int, follow_up_days: int, people: int
) -> LookPlan:
    """Plan Bayesian looks, the first as soon as some have been followed up.

    Raises
    ------
    DefinitionError
        If enrolment ends before follow-up has told anything.
    """
    whole, followed = 7 * weeks, follow_up_days
    least = -(-followed // 7) + 8
    if weeks < least:
        raise DefinitionError(
            f"--weeks {weeks} is too short for --design adaptive; it needs {least}.",
            code="demo-weeks",
            why="Chances follow outcomes: somebody must arrive after the first are "
            "known.",
            remedies=("rounds demo --design adaptive --weeks 52",),
        )
    # Evenly between the first follow-up that is complete and the end of enrolment.
    days = [round(followed + share * (whole - followed)) for share in _SHARES]
    # First visits come early: half a year brings seven tenths of a year's.
    expected = _PATIENTS_A_PERSON * people * min(1.0, weeks / 52) ** 0.5
    se = 2 * _LESS_PRECISE * (_RATE * (1 - _RATE) / max(expected, 40)) ** 0.5
    return LookPlan(
        looks="bayesian",
        planned_se=round(se, 4),
        fractions=_AT,
        dates=tuple(go_live + dt.timedelta(days=day) for day in days),
        prior_sd=2.0,
        futile_probability=0.05,
    )
