"""`rounds problem equity`: whom does care fall short for?"""

from pathlib import Path
from typing import TYPE_CHECKING

from rounds.cli.output import number, show, table, utc_now, working, write_file, year_of

if TYPE_CHECKING:
    from rounds.nouns import Equity, Inequality, UnitResult

__all__ = ["equity_"]


def equity_(
    measure: str | None = None,
    /,
    *,
    from_: str | None = None,
    to: str | None = None,
    by: str = "",
    svg: Path | None = None,
    csv: Path | None = None,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Compare groups of patients, and cells where groups meet; publish it.

    Sex, age and social vulnerability of the neighbourhood; race, ethnicity, insurance
    and social needs (Z55–Z65, and answers of screening)
    where the data record them.

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
    svg
        Write the pictures: FILE-age.svg and so on, FILE-meeting.svg, and each for a
        telephone (…-phone.svg), as far as there is something to draw.
    csv
        Write the groups and cells to this file, and the indices of inequality beside it
        (…-indices.csv).
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Plan, Project, run_equity
    from rounds.nouns import NotEstimable
    from rounds.reports.equity_words import equity_sentences

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path).problem
    period = year_of(from_, to)
    with Desk.open(opened, now=utc_now, by=by or plan.owner) as desk:
        with working("comparing groups"):
            found = run_equity(desk, measure or plan.measure, period)
        desk.ledger.export(opened.ledger)
    written = _written(found, svg, csv)
    sentences = equity_sentences(found)
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
    lines += ["", *sentences, ""]
    lines += [*(f"  * {said}" for said in found.limitations), ""]
    lines += [found.ref().short, *(f"Written: {path}" for path in written)]
    told = {"equity": found, "ref": str(found.ref()), "summary": list(sentences)}
    show(told | {"written": written}, lines, as_json=json)


def _written(found: "Equity", svg: Path | None, csv: Path | None) -> list[Path]:
    """Write the tables and pictures that were asked for."""
    from rounds.reports.equity_table import groups_csv, indices_csv

    written = []
    if csv is not None:
        beside = csv.with_name(f"{csv.stem}-indices{csv.suffix}")
        write_file(csv, groups_csv(found))
        write_file(beside, indices_csv(found))
        written += [csv, beside]
    if svg is not None:
        written += _pictures(found, svg)
    return written


def _pictures(found: "Equity", path: Path) -> list[Path]:
    """Write each picture that there is, for a desk and for a telephone."""
    from rounds.reports import style_sheet
    from rounds.reports.charts import NARROW, WIDE, forest, standing_alone
    from rounds.reports.figures import groups_forest, meeting_forest

    style = style_sheet(embedded=True)
    plots = [groups_forest(found, one) for one in found.inequalities]
    written = []
    for plot in (*plots, meeting_forest(found)):
        if plot is None:
            continue
        what = plot.name.removeprefix("groups-")
        for width, end in ((WIDE, ""), (NARROW, "-phone")):
            where = path.with_name(f"{path.stem}-{what}{end}{path.suffix or '.svg'}")
            write_file(where, standing_alone(forest(plot, width), style, plot.title))
            written.append(where)
    return written


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
