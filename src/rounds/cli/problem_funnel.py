"""`rounds problem funnel`: units of a spreadsheet against the limits of chance."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import show, table, write_file

if TYPE_CHECKING:
    from rounds.loop.problem.comparing import Compared, Sheet

__all__ = ["funnel_"]

_MOST_ROWS = 25


def funnel_(
    file: Path,
    *,
    numerator: str,
    unit: str,
    denominator: str | None = None,
    expected: str | None = None,
    rate: bool = False,
    target: float | None = None,
    overdispersion: Literal["additive", "multiplicative", "none"] = "additive",
    limits: str = "95,99.8",
    improvement: Literal["up", "down"] | None = None,
    title: str | None = None,
    svg: Path | None = None,
    csv: Path | None = None,
    json: bool = False,
) -> None:
    """Compare the units of a spreadsheet in a funnel plot; no datamart is needed.

    Several rows of one unit are added up. Small units are shown and compared like any
    other; nothing but chance, and how units usually differ, widens their limits.

    Parameters
    ----------
    file
        A CSV or parquet file with a header.
    numerator
        The column of events, whole numbers.
    unit
        The column that names the unit.
    denominator
        The column of persons in whom events are counted.
    expected
        The column of expected events, instead of a denominator.
    rate
        The denominator is time at risk, so that events can outnumber it.
    target
        Where the centre lies; the pooled value if not given (1 with --expected).
    overdispersion
        How limits allow for units that all differ a little.
    limits
        One or two levels in percent, separated by a comma.
    improvement
        Which side is better, up or down.
    title
        The picture's name.
    svg
        Write the picture: this file, and one beside it (…-phone.svg) for a telephone.
    csv
        Write the table of all units.
    json
        Print one JSON object with every number that the picture shows.
    """
    from rounds.loop.problem.comparing import compare
    from rounds.loop.problem.comparing_words import as_numbers, notes, sentences

    sheet = _read(file, numerator, unit, denominator, expected, rate=rate)
    found = compare(
        sheet, target=target, overdispersion=overdispersion, levels=_levels(limits)
    )
    numbers = as_numbers(found)
    if csv is not None:
        write_file(csv, _csv(numbers))
    if svg is not None:
        across = expected or denominator or ""
        name = title or f"{numerator} / {across}, by {unit}"
        _write_svg(svg, found, name, across=across, up=improvement)
    lines = [*_table(found), ""]
    lines += [*sentences(found), "", *(f"  * {note}" for note in notes(found))]
    lines += [f"Picture: {svg}"] if svg else []
    show(numbers, lines, as_json=json)


def _read(
    file: Path,
    numerator: str,
    unit: str,
    denominator: str | None,
    expected: str | None,
    *,
    rate: bool,
) -> "Sheet":
    from rounds.datamart.spreadsheet import read_spreadsheet
    from rounds.loop.problem.comparing import Sheet
    from rounds.nouns.errors import DefinitionError

    size = denominator or expected
    if size is None or (denominator and expected) or (rate and expected):
        raise DefinitionError(
            "A funnel counts events against one thing: a denominator, or what was "
            "expected.",
            code="comparison-against",
            remedies=(
                "Name one column: --denominator COL or --expected COL.",
                "Say --rate where the denominator is time at risk.",
            ),
        )
    whole = denominator is not None and not rate
    read = read_spreadsheet(
        file,
        {unit: "text", numerator: "count", size: "count" if whole else "number"},
    )
    return Sheet(
        name=read.name,
        unit=read.columns[unit],
        events=read.columns[numerator].astype(float),
        size=read.columns[size].astype(float),
        lines=read.lines,
        family="ratio" if expected else "rate" if rate else "proportion",
    )


def _levels(limits: str) -> tuple[float, ...]:
    from rounds.nouns.errors import DefinitionError

    try:
        levels = sorted({float(part) / 100 for part in limits.split(",")})
    except ValueError:
        levels = []
    if not 1 <= len(levels) <= 2 or not all(0 < level < 1 for level in levels):
        raise DefinitionError(
            f"--limits {limits!r} is not one or two levels between 0 and 100 percent.",
            code="comparison-levels",
            remedies=("Write them in percent, e.g. --limits 95,99.8.",),
        )
    return tuple(levels)


def _table(found: "Compared") -> list[str]:
    """Lay out the units, those outside first, then the largest."""
    import numpy as np

    from rounds.loop.problem.comparing_words import written

    comparison = found.comparison
    sides = comparison.side(comparison.levels[-1])
    order = np.lexsort((-comparison.size, sides == 0))
    outer = f"{comparison.levels[-1] * 100:.4g}% limits"
    rows = []
    for i in order[: max(_MOST_ROWS, int((sides != 0).sum()))]:
        ends = (written(found, float(end[i])) for end in (found.lower, found.upper))
        said = {-1: "below", 0: "", 1: "above"}[int(sides[i])]
        if not said and found.too_small[i]:
            said = "too small to tell"
        rows.append(
            (
                found.names[i],
                f"{found.events[i]:.0f}",
                f"{comparison.size[i]:.6g}",
                written(found, float(comparison.value[i])),
                " to ".join(ends),
                said,
            )
        )
    below = "expected" if comparison.family == "ratio" else "of"
    lines = table(("unit", "events", below, "value", "95% interval", outer), rows)
    rest = len(found.names) - len(rows)
    return [*lines, f"… and {rest} more within the limits"] if rest > 0 else lines


def _csv(numbers: dict[str, Any]) -> str:
    import csv
    import io

    from rounds.nouns.spreadsheet_cells import as_cells

    levels = [f"{level:.6g}" for level in numbers["levels"]]
    plain = ("unit", "numerator", "size", "value", "z", "p_value", "q_value")
    header = [*plain, "lower_95", "upper_95", "too_small_to_tell"]
    header += [f"{what}_{at}" for at in levels for what in ("limit_low", "limit_high")]
    header += [f"side_{at}" for at in levels]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(header)
    for one in numbers["units"]:
        interval, limits = one["interval"], one["limits"]
        row = [one[name] for name in plain]
        row += [interval["lower"], interval["upper"], one["too_small_to_tell"]]
        row += [at[end] for at in limits for end in ("lower", "upper")]
        writer.writerow(as_cells([*row, *(one["side"][at] for at in levels)]))
    return stream.getvalue()


def _write_svg(
    path: Path,
    found: "Compared",
    title: str,
    *,
    across: str,
    up: Literal["up", "down"] | None,
) -> None:
    from rounds.reports import style_sheet
    from rounds.reports.charts import NARROW, WIDE, funnel, standing_alone
    from rounds.reports.figures import units_funnel

    family = found.comparison.family
    centre = "Expected" if family == "ratio" else "Average"
    plot = units_funnel(
        found.comparison,
        found.names,
        (found.curve, found.curve_lower, found.curve_upper),
        title=title,
        across=across,
        centre_name="Target" if found.target_given else centre,
        improvement=up,
    )
    style = style_sheet(embedded=True)
    phone = path.with_name(f"{path.stem}-phone{path.suffix}")
    for where, width in ((path, WIDE), (phone, NARROW)):
        write_file(where, standing_alone(funnel(plot, width), style, title))
