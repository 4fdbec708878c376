"""What of a problem, or of a list, may be published after all that anybody was told.

Everybody reads the ledger, so that two problems about almost the same people, or one
and the answer to a question, can be subtracted by everybody.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping

from rounds.conduct.answering import Answering
from rounds.conduct.differencing_guard import Line
from rounds.conduct.disclosure_settings import DisclosureSettings
from rounds.conduct.project import Project
from rounds.datamart import AnyDatamart, members_of_each, members_of_months
from rounds.ledger import opportunities_without, problem_without, safe
from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import (
    ControlChart,
    DisclosureError,
    Estimate,
    Measure,
    NotEstimable,
    OpportunityList,
    Period,
    Problem,
    Ref,
)

__all__ = [
    "members_of_opportunities",
    "members_of_problem",
    "publishable_opportunities",
    "publishable_problem",
]

_TOO_CLOSE = (
    "It is too close to what was told or published before: together they would be "
    "about very few people."
)

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
    return found | members_of_months(datamart, measure, chart_period, without=without)


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


def members_of_opportunities(
    datamart: AnyDatamart,
    measures: Iterable[Measure],
    found: OpportunityList,
    *,
    without: frozenset[str],
) -> dict[Ref, Members]:
    """Give who is in each line of a list, by measure: `overall`, `care_site LABEL`."""
    told = {line.measure for line in found.lines}
    by_ref = {measure.ref(): measure for measure in measures}
    return {
        ref: members_of_each(
            datamart, measure, found.period, ("care_site",), without=without
        )
        for ref, measure in by_ref.items()
        if ref in told
    }


def publishable_opportunities(
    found: OpportunityList,
    measures: Iterable[Measure],
    members: Mapping[Ref, Members],
    project: Project,
    *,
    now: Callable[[], dt.datetime],
) -> OpportunityList:
    """Give a list as it may be published, and write down that it is.

    A measure is judged after another, each as a problem would be. Lines that few people
    set apart from what was told or published before are left out; where the whole of a
    measure is such a line, all of the measure is.

    Parameters
    ----------
    found : OpportunityList
        With exact counts.
    members : mapping of Ref to mapping of str to tuple of PersonSum
        As `members_of_opportunities` gives it.

    Raises
    ------
    DataError
        If what was told before cannot be read.
    """
    settings = DisclosureSettings.of(project.settings)
    shown = safe(found)
    answering = Answering.open(project.asked, settings.profile.threshold)
    try:
        for measure in measures:
            ref = measure.ref()
            exact = _counts_of_lines(found, measure)
            if not exact:
                continue
            told = _counts_of_lines(shown, measure)
            who = members.get(ref, {})
            known = {n: c for n, c in exact.items() if n in who and _are(who[n], c)}
            lines = [Line(name, who[name], told[name] is None) for name in known]
            withheld = (set(exact) - set(known)) | answering.published(
                _question_of_line(ref, found.period),
                lines,
                now,
                together=settings.together,
            )
            shown = opportunities_without(
                shown,
                ref,
                {name.removeprefix("care_site ") for name in withheld},
                whole=_TOO_CLOSE if "overall" in withheld else "",
            )
    finally:
        answering.close()
    return shown


def _counts_of_lines(
    found: OpportunityList, measure: Measure
) -> dict[str, Counts | None]:
    """Give every count of a measure's lines, as the measure counts; None if hidden."""
    counts: dict[str, Counts | None] = {}
    ref = measure.ref()
    for line in found.lines:
        if line.measure != ref:
            continue
        name = "overall" if line.unit is None else f"care_site {line.unit}"
        n, well = line.denominator, line.numerator
        if line.suppressed or n is None or well is None:
            counts[name] = None
        elif measure.improvement_notation == "increase":
            counts[name] = (n, well)
        else:
            counts[name] = (n, n - well)
    return counts


def _question_of_line(measure: Ref, period: Period) -> str:
    return hashlib.sha256(f"opportunity\n{measure}\n{period}".encode()).hexdigest()


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
