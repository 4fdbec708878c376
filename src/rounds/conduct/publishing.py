"""What of a problem may be published, after all that anybody was told.

Everybody reads the ledger, so that two problems about almost the same people, or one
and the answer to a question, can be subtracted by everybody.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping

from rounds.conduct.answering import Answering
from rounds.conduct.differencing_guard import Line
from rounds.conduct.disclosure_settings import DisclosureSettings
from rounds.conduct.project import Project
from rounds.datamart import AnyDatamart, members_of, members_of_each
from rounds.ledger import problem_without, safe
from rounds.methods.differencing import PersonSum
from rounds.nouns import (
    ControlChart,
    DisclosureError,
    Estimate,
    Measure,
    NotEstimable,
    Period,
    Problem,
)

__all__ = ["members_of_problem", "publishable_problem"]

Members = Mapping[str, tuple[PersonSum, ...]]
Counts = tuple[int | None, int | None]

_CLOSE = (
    "Lines without numbers are left out also where they, and what was told or "
    "published before, would together be about very few people."
)


def members_of_problem(
    datamart: AnyDatamart,
    measure: Measure,
    problem: Problem,
    *,
    chart_period: Period,
    without: frozenset[str],
) -> dict[str, tuple[PersonSum, ...]]:
    """Give who is in each count of a problem.

    Returns
    -------
    dict of str to tuple of PersonSum
        `overall`, `care_site LABEL`, `sex LABEL` and so on, and `month LABEL`: the
        denominator's and the numerator's.
    """
    splits = ("care_site", *(each.characteristic for each in problem.differences))
    found = members_of_each(datamart, measure, problem.period, splits, without=without)
    if isinstance(problem.chart, NotEstimable):
        return found
    months = members_of(datamart, measure, chart_period, by="month", without=without)
    return found | {
        name.replace("unit ", "month ", 1): sums
        for name, sums in months.items()
        if name.startswith("unit ")
    }


def publishable_problem(
    problem: Problem,
    members: Members,
    project: Project,
    *,
    now: Callable[[], dt.datetime],
) -> Problem:
    """Give a problem as it may be published, and write down that it is.

    Parameters
    ----------
    problem : Problem
        With exact counts.
    members : mapping of str to tuple of PersonSum
        As `members_of_problem` gives it; a line whose people are not named, or are
        others than were counted, is left out.
    now : callable
        Gives the moment.

    Raises
    ------
    DisclosureError
        If its baseline may not be told.
    DataError
        If what was told before cannot be read.
    """
    settings = DisclosureSettings.of(project.settings)
    shown = safe(problem)
    exact, told = _counts(problem), _counts(shown)
    known = {n: c for n, c in exact.items() if n in members and _are(members[n], c)}
    lines = [Line(name, members[name], told[name] is None) for name in known]
    unknown = {name for name in told if name not in known}
    answering = Answering.open(project.asked, settings.profile.threshold)
    try:
        withheld = unknown | answering.published(
            _question(problem), lines, now, together=settings.together
        )
    finally:
        answering.close()
    if "overall" in withheld:
        raise DisclosureError(
            "This problem is too close to what was told or published before.",
            code="too-close-to-publish",
            why="Whoever read both could subtract one from the other, which would "
            "leave very few people.",
            remedies=(
                "Use the problem that was published: rounds loop",
                "Choose a period or a measure that differs by more people.",
            ),
        )
    return problem_without(shown, withheld, _CLOSE)


def _counts(problem: Problem) -> dict[str, Counts | None]:
    """Give every count of a problem by the name of its line; None where hidden."""
    found: dict[str, Counts | None] = {"overall": None}
    baseline = problem.baseline
    if isinstance(baseline, Estimate) and baseline.n and baseline.value is not None:
        found["overall"] = (baseline.n, round(baseline.value * baseline.n))
    tables = {"care_site": problem.units}
    tables |= {each.characteristic: each.groups for each in problem.differences}
    for by, table in tables.items():
        for unit in table:
            counts = None if unit.suppressed else (unit.denominator, unit.numerator)
            found[f"{by} {unit.unit}"] = counts
    if isinstance(problem.chart, ControlChart):
        for point in problem.chart.points:
            counts = None
            if point.denominator is not None and point.value is not None:
                counts = (point.denominator, round(point.value * point.denominator))
            found[f"month {point.label}"] = counts
    return found


def _are(sums: tuple[PersonSum, ...], counts: Counts | None) -> bool:
    """Say whether these are the persons who were counted."""
    return counts is not None and tuple(one.total for one in sums) == counts


def _question(problem: Problem) -> str:
    asked = f"problem\n{problem.measure}\n{problem.period}"
    return hashlib.sha256(asked.encode()).hexdigest()
