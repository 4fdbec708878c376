"""A problem made of people who are known one by one, and who is in each of its counts."""

import numpy as np

from rounds.methods.disclosure.differencing import PersonSum
from rounds.nouns import ChartPoint, ControlChart, Difference, NotEstimable, Problem
from stories.told_problem import MEASURE, PERIOD, estimate, problem, ref, unit

EVERYBODY = np.arange(800)
NOT_TOLD = NotEstimable(reason="It is not asked for here.")


def met(people):
    """Three of five are controlled, whoever they are."""
    return people % 5 < 3


def parts(people):
    """Give the lines of a problem: all, by site, by sex and by month."""
    by = {"care_site": people % 4, "sex": people // 4 % 2, "month": people // 8 % 3}
    names = {"sex": ("F", "M"), "month": ("2024-01", "2024-02", "2024-03")}
    found = {"overall": people}
    for name, part in by.items():
        for value in np.unique(part).tolist():
            label = names[name][value] if name in names else f"Clinic {value}"
            found[f"{name} {label}"] = people[part == value]
    return found


def members(people):
    return {
        line: (PersonSum.of(some), PersonSum.of(some[met(some)]))
        for line, some in parts(people).items()
    }


def problem_of(people, **changes):
    """Make the exact problem of these people."""
    found = parts(people)

    def units(by):
        return tuple(
            unit(line.removeprefix(f"{by} "), met(some).sum(), len(some))
            for line, some in found.items()
            if line.startswith(f"{by} ")
        )

    points = tuple(
        ChartPoint(label=one.unit, denominator=one.denominator, value=one.value)
        for one in units("month")
    )
    share = float(met(people).mean())
    whole = estimate(share, share - 0.04, share + 0.04, len(people), "proportion")
    given = {
        "name": "control",
        "title": "Control",
        "measure": MEASURE,
        "period": PERIOD,
        "units": units("care_site"),
        "baseline": whole,
        "variation": NOT_TOLD,
        "chart": ControlChart(title="", chart="p", centre_line=share, points=points),
        "differences": (
            Difference(characteristic="sex", groups=units("sex"), gap=NOT_TOLD),
        ),
        "gap_to_best": NOT_TOLD,
        "aim": problem().aim,
        "owner": "Dr Ada Mensah",
        "community": ref("community/control"),
    }
    return Problem(**(given | changes))
