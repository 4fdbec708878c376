"""`rounds evaluation value`: at what price, from a spreadsheet."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import insist_on_folder, show, table, write_file

if TYPE_CHECKING:
    from rounds.loop.evaluation.spreadsheet import Priced
    from rounds.methods.net_benefit import Interval

__all__ = ["value_"]


def value_(
    file: Path,
    *,
    design: str,
    arm: str,
    effect: str,
    cost: str,
    worth: float,
    currency: str,
    perspective: str,
    cluster: str | None = None,
    period: str | None = None,
    stratum: str | None = None,
    covariates: str | None = None,
    control: str | None = None,
    better: Literal["higher", "lower"] = "higher",
    most_worth: float | None = None,
    level: float = 0.95,
    required: str = "sample_ratio,missing_outcomes",
    svg: Path | None = None,
    json: bool = False,
) -> None:
    """Give net benefit and cost per outcome of a trial: one row a person.

    Cost and effect are read by the model of the design, from the same persons, so that
    clusters, and how cost and effect go together, are allowed for.

    Parameters
    ----------
    file
        A CSV or parquet file with a header.
    design
        How it was randomised, as `rounds evaluation analyse` takes it.
    arm
        The column of arms, two labels.
    effect
        The column of what is worth something; empty where unknown.
    cost
        The column of what each person cost; empty where unknown.
    worth
        Willingness to pay for one unit of effect.
    currency
        Of cost and worth, ISO 4217.
    perspective
        Whose costs these are: the health system's, society's.
    cluster
        The column of what was randomised, if not persons.
    period
        The column of periods, of a wedge or a cross-over.
    stratum
        The column of strata, or of pairs, within which was randomised.
    covariates
        Columns known before the allocation, separated by commas.
    control
        The label of the arm to compare with, if it cannot be told.
    better
        Whether more or less of the effect is worth something.
    most_worth
        Up to which worth the acceptability curve goes; twice --worth, if not given.
    level
        Of the intervals.
    required
        Checks that must pass before a number is told, separated by commas; or none.
    svg
        Write the acceptability curve to this file.
    json
        Print one JSON object.
    """
    from rounds.loop.evaluation.spreadsheet import price_trial

    most = 2 * worth if most_worth is None else most_worth
    _insist(worth, most, currency)
    if svg is not None:
        insist_on_folder(svg)
    roles = {"outcome": effect, "arm": arm, "cluster": cluster}
    roles |= {"period": period, "stratum": stratum}
    names = [] if covariates is None else [one.strip() for one in covariates.split(",")]
    trial, spent = _read(file, design, roles, names, control=control, cost=cost)
    found = price_trial(
        trial,
        spent,
        worth=worth,
        worth_range=(0.0, most),
        better=better,
        level=level,
        required=[] if required == "none" else [o.strip() for o in required.split(",")],
    )
    told = _plain(found, worth, currency, perspective, level)
    lines = _lines(found, told)
    if svg is not None and found.curve:
        write_file(svg, _drawn(found, worth, currency))
        lines += ["", f"Written: {svg}"]
    show(told, lines, as_json=json)


def _insist(worth: float, most: float, currency: str) -> None:
    import re

    from rounds.nouns.errors import DefinitionError

    if not 0 < worth < float("inf") or not 0 < most < float("inf"):
        raise DefinitionError(
            "What an outcome is worth is a number above 0.",
            code="value-asked",
            why="At nought no outcome is worth anything, and only cost is left.",
            remedies=("Say --worth 400, in the money of the costs.",),
        )
    if re.fullmatch("[A-Z]{3}", currency) is None:
        raise DefinitionError(
            f"{currency!r} is no currency of ISO 4217.",
            code="value-asked",
            why="Money without its currency cannot be compared with other money.",
            remedies=("Say --currency USD, EUR, SEK, …",),
        )


def _read(
    file: Path,
    design: str,
    roles: dict[str, str | None],
    covariates: list[str],
    *,
    control: str | None,
    cost: str,
) -> tuple[Any, Any]:
    from rounds.cli.evaluation_analyse import _insist_on_roles
    from rounds.datamart.spreadsheet import Kind, read_spreadsheet
    from rounds.loop.evaluation.spreadsheet import trial_of

    _insist_on_roles(
        {**roles, "cost": cost, **{f"covariate {n}": n for n in covariates}}
    )
    kinds: dict[str, Kind] = {"outcome": "number", "period": "period"}
    wanted: dict[str, Kind] = {
        column: kinds.get(role, "text") for role, column in roles.items() if column
    }
    wanted[cost] = "number"
    wanted |= dict.fromkeys(covariates, "text")
    effect = roles["outcome"]
    assert effect is not None
    read = read_spreadsheet(file, wanted, optional=[effect, cost])
    trial = trial_of(
        design,
        {role: read.columns[column] for role, column in roles.items() if column},
        control=control,
        covariates={name: read.columns[name] for name in covariates},
    )
    return trial, read.columns[cost].astype(float)


def _plain(
    found: "Priced", worth: float, currency: str, perspective: str, level: float
) -> dict[str, Any]:
    def limits(one: "Interval | None") -> dict[str, float] | None:
        if one is None:
            return None
        return {"estimate": one.value, "lower": one.lower, "upper": one.upper}

    effect = found.analysed.fit
    return {
        "design": found.analysed.design,
        "method": found.analysed.method,
        "perspective": perspective,
        "currency": currency,
        "worth": worth,
        "level": level,
        "n": found.n,
        "not_estimable": found.reason,
        "effect": None
        if effect is None or found.reason
        else {
            "estimate": effect.estimate,
            "lower": effect.lower,
            "upper": effect.upper,
        },
        "cost": limits(found.cost),
        "correlation": None if found.joint is None else found.joint.correlation,
        "df": None if found.joint is None else found.joint.df,
        "net_benefit": limits(found.net_benefit),
        "probability": None
        if found.net_benefit is None
        else found.net_benefit.probability,
        "cost_per_outcome": limits(found.ratio),
        "no_ratio": found.no_ratio,
        "curve": [
            {"worth": at, "probability": one.probability, **(limits(one) or {})}
            for at, one in found.curve
        ],
        "diagnostics": found.analysed.diagnostics,
        "limitations": found.analysed.limitations,
    }


def _lines(found: "Priced", told: dict[str, Any]) -> list[str]:
    if found.reason is not None:
        return [f"No net benefit is told: {found.reason}."]
    money = told["currency"]
    lines = [f"{told['perspective']}; {told['n']:,} persons, {told['method']}"]
    for name, unit, digits in (
        ("effect", "", 4),
        ("cost", f" {money}", 2),
        ("net_benefit", f" {money}", 2),
        ("cost_per_outcome", f" {money}", 2),
    ):
        one = told[name]
        said = f"none: {found.no_ratio}"
        if one is not None:
            ends = f"{one['lower']:,.{digits}f} to {one['upper']:,.{digits}f}"
            level = f"{told['level']:.0%} interval"
            said = f"{one['estimate']:,.{digits}f}{unit} ({level} {ends})"
        lines.append(f"  {name.replace('_', ' '):<18}{said}")
    lines.append(
        f"  {'worth its price':<18}{told['probability']:.1%} at {told['worth']:g} "
        f"{money} an outcome"
    )
    rows = [
        (f"{at:g}", f"{one.value:,.2f}", f"{one.probability:.1%}")
        for at, one in found.curve[::4]
    ]
    lines += ["", *table((f"worth, {money}", "net benefit", "probability"), rows)]
    return lines + [f"  * {note}" for note in found.analysed.limitations]


def _drawn(found: "Priced", worth: float, currency: str) -> str:
    from rounds.reports import style_sheet
    from rounds.reports.charts import (
        Acceptability,
        AcceptabilityMark,
        acceptability,
        standing_alone,
    )

    title = "Is it worth its price?"
    plot = Acceptability(
        title=title,
        points=tuple(AcceptabilityMark(at, one.probability) for at, one in found.curve),
        stated=worth,
        currency=currency,
    )
    return standing_alone(acceptability(plot), style_sheet(embedded=True), title)
