"""`rounds problem chart`: a spreadsheet on a control chart, with no datamart."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import show, table, write_file
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.loop.problem.charting import Charted
    from rounds.loop.problem.series import Rebase, Series
    from rounds.nouns import ControlChart

__all__ = ["chart_"]

Chart = Literal[
    "auto",
    "xmr",
    "mr",
    "p",
    "p_prime",
    "u",
    "u_prime",
    "c",
    "g",
    "t",
    "xbar",
    "s",
    "ewma",
]
_RATES = {"u", "u_prime"}
_BETTER: dict[str, Literal["increase", "decrease"]] = {
    "up": "increase",
    "down": "decrease",
}


def chart_(
    file: Path,
    /,
    *,
    by: str,
    numerator: str | None = None,
    denominator: str | None = None,
    value: str | None = None,
    chart: Chart = "auto",
    rules: Literal["anhoj", "nhs"] = "anhoj",
    improvement: Literal["up", "down"] | None = None,
    target: float | None = None,
    phase: tuple[str, ...] = (),
    baseline: int | None = None,
    season: Literal["month", "weekday"] | None = None,
    per: float = 1.0,
    screen: bool = True,
    limits: Literal["sigma", "probability"] = "sigma",
    smoothing: float | None = None,
    allow_gaps: bool = False,
    title: str | None = None,
    svg: Path | None = None,
    phone: bool = False,
    csv: Path | None = None,
    json: bool = False,
) -> None:
    """Chart a spreadsheet, and say in two sentences what the chart shows.

    The file is yours, and everything in it is shown: small counts are not hidden.

    Parameters
    ----------
    file
        A CSV or parquet file: one row for each day, week, month or event, oldest first.
    by
        The column of dates (YYYY-MM-DD, YYYY-MM, YYYY-Qn, YYYY-Wnn), or of numbers.
    numerator
        The column of events.
    denominator
        The column of those they were counted among: people, or days at risk.
    value
        The column of measurements, of cases between events (g), or of time between (t).
    chart
        Which chart; auto proposes one and says why.
    rules
        What counts as a signal: Anhøj's rules, or those of NHS Making Data Count.
    improvement
        Which way is better.
    target
        What is aimed at, in the unit of the chart; a share is between 0 and 1.
    phase
        Where lines begin anew and why: 2025-03='reminders began'. May be repeated.
    baseline
        How many points of each phase the lines rest on; all if not given.
    season
        Give each month of the year, or day of the week, a centre line of its own.
    per
        Units of exposure that a rate is told for: 1000 for falls in 1,000 bed-days.
    screen
        Leave outlying moving ranges out of the limits.
    limits
        Of a g chart: three standard deviations, as most draw it, or points of the
        distribution of gaps, with which a stable series signals far less often.
    smoothing
        Of an ewma chart: weight of the newest point, 0.2 if not given; with less,
        smaller shifts are found, and large ones later.
    allow_gaps
        Chart rows that are not evenly spaced in time.
    title
        What is charted.
    svg
        Write the picture to this file.
    phone
        Draw it for a telephone.
    csv
        Write the table to this file.
    json
        Print one JSON object.
    """
    from rounds.loop.problem.chart_asked import ChartAsked
    from rounds.loop.problem.charting import chart_series
    from rounds.nouns import NotEstimable

    columns = {"numerator": numerator, "denominator": denominator, "value": value}
    series = _series(file, by, columns, chart, allow_gaps=allow_gaps)
    asked = ChartAsked(
        title=title or _title(columns, chart, per),
        chart=chart,
        rules=rules,
        improvement=None if improvement is None else _BETTER[improvement],
        target=target,
        phases=tuple(_rebase(words) for words in phase),
        baseline=baseline,
        season=season,
        per=per,
        screen=screen,
        limits=limits,
        smoothing=smoothing,
    )
    found = chart_series(series, asked)
    if isinstance(found.chart, NotEstimable):
        show(
            {"chart": found.chart, "chosen": found.chosen},
            [f"Not estimable: {found.chart.reason}"],
            as_json=json,
        )
        return
    written = _written(found.chart, svg, csv, phone=phone)
    show(_object(found, written), _lines(found, written), as_json=json)


def _series(
    file: Path,
    by: str,
    columns: dict[str, str | None],
    chart: Chart,
    *,
    allow_gaps: bool,
) -> "Series":
    import numpy as np

    if (columns["numerator"] is None) == (columns["value"] is None):
        raise DefinitionError(
            "A chart is of a numerator, or of a value.",
            code="chart-columns",
            remedies=(
                "Name events with --numerator, and what holds them: --denominator.",
                "Name the measurements with --value.",
            ),
        )
    from rounds.datamart.spreadsheet import Kind, read_spreadsheet
    from rounds.loop.problem.series import Series

    kinds: dict[str, Kind] = {
        "numerator": "count",
        "denominator": "number" if chart in _RATES else "count",
        "value": "number",
    }
    wanted: dict[str, Kind] = {by: "period"}
    wanted |= {name: kinds[role] for role, name in columns.items() if name is not None}
    sheet = read_spreadsheet(file, wanted)
    given = {
        role: None if name is None else np.asarray(sheet.columns[name])
        for role, name in columns.items()
    }
    events = chart in {"g", "t"}
    return Series(
        name=sheet.name,
        labels=tuple(str(label) for label in sheet.labels[by]),
        when=sheet.columns[by],
        lines=tuple(int(line) for line in sheet.lines),
        numerator=given["numerator"],
        denominator=given["denominator"],
        value=given["value"],
        several=columns["value"] is not None and chart in {"auto", "xbar", "s", "g"},
        gaps_allowed=allow_gaps or events,
    )


def _title(columns: dict[str, str | None], chart: Chart, per: float) -> str:
    top = columns["numerator"] or columns["value"] or ""
    below = columns["denominator"]
    if not below:
        return top
    if chart not in _RATES:
        return f"{top} of {below}"
    return f"{top} per {below}" if per == 1 else f"{top} per {per:,g} {below}"


def _rebase(words: str) -> "Rebase":
    from rounds.loop.problem.series import Rebase

    at, _, reason = words.partition("=")
    return Rebase(at=at.strip(), reason=reason.strip())


def _written(
    chart: "ControlChart", svg: Path | None, csv: Path | None, *, phone: bool
) -> dict[str, Path]:
    from rounds.reports import style_sheet
    from rounds.reports.chart_table import chart_csv
    from rounds.reports.figures import chart_picture

    written = {}
    if svg is not None:
        style = style_sheet(embedded=True)
        write_file(svg, chart_picture(chart, phone=phone, style=style))
        written["svg"] = svg
    if csv is not None:
        write_file(csv, chart_csv(chart))
        written["csv"] = csv
    return written


def _object(found: "Charted", written: dict[str, Path]) -> dict[str, Any]:
    from rounds.nouns import NotEstimable
    from rounds.reports.chart_words import chart_sentences

    assert not isinstance(found.chart, NotEstimable)
    return {
        "chart": found.chart,
        "chosen": found.chosen,
        "notes": list(found.notes),
        "sentences": list(chart_sentences(found.chart)),
        **written,
    }


def _lines(found: "Charted", written: dict[str, Path]) -> list[str]:
    from rounds.nouns import NotEstimable
    from rounds.reports.chart_table import chart_rows
    from rounds.reports.chart_words import chart_sentences

    assert not isinstance(found.chart, NotEstimable)
    header, *rows = chart_rows(found.chart)
    lines = [found.chart.title, "", *table(header, rows), ""]
    lines += [*chart_sentences(found.chart), "", found.chosen, *found.notes]
    for phase in found.chart.phases[1:]:
        lines.append(f"Lines begin anew with {phase.start}: {phase.reason}.")
    return lines + [f"{path}" for path in written.values()]
