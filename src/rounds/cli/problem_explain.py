"""`rounds problem explain`: at which level a measure varies, and what balances it."""

from pathlib import Path
from typing import TYPE_CHECKING

from rounds.cli.output import (
    number,
    show,
    table,
    utc_now,
    working,
    write_file,
    year_of,
)

if TYPE_CHECKING:
    from rounds.nouns import Measure, Standing, UnitResult, VariancePartition

__all__ = ["explain_"]

_MOST = 25


def explain_(
    measure: str | None = None,
    /,
    *,
    balancing: str | None = None,
    from_: str | None = None,
    to: str | None = None,
    by: str = "",
    svg: Path | None = None,
    csv: Path | None = None,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Share a measure's variation out over regions, sites, clinicians and patients.

    As they are, with age and sex known, and with volume and staff known too. Sites are
    drawn together and ranked with the ranges of their ranks; a balancing measure is
    set beside it. It is published; sites too small to be told take no part, and no
    clinician is ever named.

    Parameters
    ----------
    measure
        As `rounds measure list` names it; that of turn.yaml, if not given.
    balancing
        A measure of what may get worse meanwhile.
    from_
        First day, YYYY-MM-DD; a year before the last day if not given.
    to
        Last day, included; a year after the first if not given, or the last day of
        the data if neither is.
    by
        In whose name it is published; the problem's owner, if not given.
    svg
        Write the pictures: FILE-levels.svg, FILE-sites.svg, FILE-balance.svg, and each
        for a telephone (…-phone.svg), as far as there is something to draw.
    csv
        Write the levels to this file, and the sites beside it (…-sites.csv).
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import (
        Desk,
        Plan,
        Project,
        publishable,
        run_explain,
        without_sites,
    )
    from rounds.reports.partition_words import partition_sentences

    opened = Project.open(project)
    plan = Plan.load(opened.plan_path).problem
    name = measure or plan.measure
    target = plan.aim.target if name == plan.measure else None
    with Desk.open(opened, now=utc_now, by=by or plan.owner) as desk:
        with working("sharing the variation out"):
            found = publishable(
                run_explain(
                    desk, name, year_of(from_, to), balancing=balancing, target=target
                )
            )
        first = desk.measure(name)
        second = desk.measure(balancing) if balancing else None
        desk.ledger.export(opened.ledger)
        ref = found.ref()
        if desk.practice.is_masked(utc_now()):
            found = without_sites(found)
    written = _written(found, (first, second), svg, csv)
    sentences = partition_sentences(found)
    lines = [
        *_lines(found, second, sentences),
        ref.short,
        *(f"Written: {path}" for path in written),
    ]
    told = {"partition": found, "ref": str(ref), "summary": list(sentences)}
    show(told | {"written": written}, lines, as_json=json)


def _lines(
    found: "VariancePartition", second: "Measure | None", sentences: tuple[str, str]
) -> list[str]:
    return [
        f"{found.title}, {found.period.start} to {found.period.end}",
        f"  overall  {number(found.overall)}",
        *_levels(found),
        *_sites(found),
        *_balance(found, second),
        "",
        *sentences,
        "",
        *(f"  * {said}" for said in found.limitations),
        "",
    ]


def _written(
    found: "VariancePartition",
    measures: "tuple[Measure, Measure | None]",
    svg: Path | None,
    csv: Path | None,
) -> list[Path]:
    """Write the tables and pictures that were asked for."""
    from rounds.reports.partition_table import levels_csv, sites_csv

    written = []
    if csv is not None:
        beside = csv.with_name(f"{csv.stem}-sites{csv.suffix}")
        write_file(csv, levels_csv(found))
        write_file(beside, sites_csv(found))
        written += [csv, beside]
    if svg is not None:
        written += _pictures(svg, found, *measures)
    return written


def _levels(found: "VariancePartition") -> list[str]:
    from rounds.nouns import NotEstimable
    from rounds.reports.figures import MODELS

    lines: list[str] = []
    for model, title in MODELS.items():
        mine = [one for one in found.levels if one.model == model]
        if not mine:
            continue
        lines += ["", f"{title}: share of the variance (log odds)"]
        for one in mine:
            units = "" if one.n_units is None else f" ({one.n_units})"
            lines.append(f"  {one.level + units:<18}{number(one.share)}")
            if isinstance(one.share, NotEstimable):
                continue
            if one.median_odds_ratio is not None:
                odds = number(one.median_odds_ratio, digits=2)
                lines.append(f"    median odds ratio  {odds}")
            if one.explained is not None:
                change = number(one.explained, digits=2)
                lines.append(f"    change in variance {change}")
    return lines


def _sites(found: "VariancePartition") -> list[str]:
    from rounds.reports.figures import ranked_sites

    told = ranked_sites(found)
    if not told:
        return []
    beside = ("balancing",) if found.balancing else ()
    rows = [_row(one, beside=bool(beside)) for one in told[:_MOST]]
    lines = ["", "Sites drawn together, all with the same mix of age and sex"]
    lines += table(("site", "rank", "patients", "measure", *beside, "differs"), rows)
    if len(told) > _MOST:
        lines.append(f"… and {len(told) - _MOST} more (--json shows all)")
    return lines


def _row(one: "Standing", *, beside: bool) -> tuple[str, ...]:
    from rounds.reports.figures import told_of

    other = ""
    if one.balancing is not None:
        other = _value(told_of(one.balancing))
    differs = "" if one.differs in (None, "no") else one.differs
    return (
        one.site.unit,
        f"{one.rank} ({one.rank_lower}–{one.rank_upper})",
        "" if one.site.denominator is None else f"{one.site.denominator:,}",
        _value(one.site),
        *((other,) if beside else ()),
        str(differs),
    )


def _value(unit: "UnitResult") -> str:
    if unit.value is None or unit.lower is None or unit.upper is None:
        return "withheld" if unit.suppressed else ""
    return f"{unit.value:.1%} ({unit.lower:.1%} to {unit.upper:.1%})"


def _balance(found: "VariancePartition", second: "Measure | None") -> list[str]:
    if second is None or found.correlation is None:
        return []
    lines = ["", f"Beside it: {second.title}"]
    if found.balancing_overall is not None:
        lines.append(f"  overall      {number(found.balancing_overall)}")
    return [*lines, f"  correlation  {number(found.correlation, digits=2)}"]


def _pictures(
    path: Path, found: "VariancePartition", first: "Measure", second: "Measure | None"
) -> list[Path]:
    """Write each picture that there is, for a desk and for a telephone."""
    from rounds.reports import style_sheet
    from rounds.reports.charts import (
        NARROW,
        WIDE,
        caterpillar,
        forest,
        standing_alone,
        two_way,
    )
    from rounds.reports.figures import levels_forest, standing_sites, two_measures

    better = first.improvement_notation == "increase"
    style = style_sheet(embedded=True)
    drawn = {}
    levels = levels_forest(found)
    if levels is not None:
        drawn["levels"] = (levels.title, [forest(levels, w) for w in (WIDE, NARROW)])
    sites = standing_sites(found, more_is_better=better)
    if sites is not None:
        drawn["sites"] = (sites.title, [caterpillar(sites, w) for w in (WIDE, NARROW)])
    both = None if second is None else two_measures(found, first, second)
    if both is not None:
        drawn["balance"] = (both.title, [two_way(both, w) for w in (WIDE, NARROW)])
    written = []
    for what, (title, pictures) in drawn.items():
        for picture, end in zip(pictures, ("", "-phone"), strict=True):
            where = path.with_name(f"{path.stem}-{what}{end}{path.suffix or '.svg'}")
            write_file(where, standing_alone(picture, style, title))
            written.append(where)
    return written
