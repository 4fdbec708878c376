"""`rounds problem equity`: whom does care fall short for?"""

from pathlib import Path
from typing import TYPE_CHECKING

from rounds.cli.output import number, period_of, show, table, utc_now, working

if TYPE_CHECKING:
    from rounds.nouns import Inequality, UnitResult

__all__ = ["equity_"]


def equity_(
    measure: str | None = None,
    /,
    *,
    from_: str | None = None,
    to: str | None = None,
    by: str = "",
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Compare groups of patients, and cells where groups meet; publish it.

    Sex, age and social vulnerability of the neighbourhood; race, ethnicity, insurance
    and social needs (Z55–Z65) where the data record them.

    Parameters
    ----------
    measure
        As `rounds measure list` names it; that of turn.yaml, if not given.
    from_
        First day, YYYY-MM-DD; a year before the last day if not given.
    to
        Last day, included; a year after the first if not given, or the last day of
        the data if neither is.
    by
        In whose name it is published; the problem's owner, if not given.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Plan, Project, run_equity
    from rounds.nouns import NotEstimable

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path).problem
    with Desk.open(opened, now=utc_now, by=by or plan.owner) as desk:
        with working("comparing groups"):
            found = run_equity(desk, measure or plan.measure, period_of(from_, to))
        desk.ledger.export(opened.ledger)
    lines = [
        f"{found.title}, {found.period.start} to {found.period.end}",
        f"  overall  {number(found.overall)}",
    ]
    for one in found.inequalities:
        lines += ["", *_lines(one)]
    lines += ["", "Where groups meet"]
    if isinstance(found.meeting, NotEstimable):
        lines.append(f"  {number(found.meeting)}")
    else:
        met = found.meeting
        lines.append(f"  between cells    {number(met.vpc)}")
        if met.pcv is not None:
            lines.append(f"  of it, the groups one by one explain {met.pcv:.0%}")
        lines += table(("cell", "patients", "drawn together"), map(_row, met.cells))
    lines += ["", *(f"  * {said}" for said in found.limitations), ""]
    lines.append(found.ref().short)
    show({"equity": found, "ref": str(found.ref())}, lines, as_json=json)


def _lines(found: "Inequality") -> list[str]:
    lines = [
        found.characteristic.replace("_", " "),
        f"  not recorded     {number(found.not_recorded)}",
    ]
    if found.order == "ordered":
        lines += [
            f"  slope index      {number(found.slope)} ({found.contrast})",
            f"  relative index   {number(found.relative, digits=2)}",
            f"  concentration    {number(found.concentration, digits=3)}",
        ]
    lines.append(
        f"  were all like the best-off: "
        f"{number(found.attributable, percent=False, digits=0)}"
    )
    lines += table(("group", "patients", "measure"), map(_row, found.groups))
    return lines


def _row(unit: "UnitResult") -> tuple[str, str, str]:
    if unit.suppressed:
        return unit.unit, "withheld", "withheld"
    size = "" if unit.denominator is None else f"{unit.denominator:,}"
    if unit.value is None or unit.lower is None or unit.upper is None:
        return unit.unit, size, ""
    shown = f"{unit.value:.1%} ({unit.lower:.1%} to {unit.upper:.1%})"
    return unit.unit, size, shown
