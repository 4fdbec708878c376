"""`rounds measure run`: a measure over a period, or over one period after another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from rounds.cli.measure_define import measure_of
from rounds.cli.output import (
    insist_on_folder,
    period_of,
    show,
    utc_now,
    working,
    write_file,
)
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.conduct import Desk, Gate
    from rounds.datamart import AnyDatamart
    from rounds.nouns import Measure, MeasureResult, NotEstimable, Period, UnitResult

__all__ = ["run_"]

_SITES = {"care_site", "provider"}
_UNNAMED = "sites are not named while a trial randomises them"
_NOT_FOLLOWED = "sites are not followed over time while a trial randomises them"


def run_(
    name: str,
    /,
    *,
    from_: str,
    to: str,
    by: str | None = None,
    every: Literal["month", "quarter", "year"] | None = None,
    rolling: str = "1",
    without_addition: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    csv: Path | None = None,
    fhir: Path | None = None,
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Count a measure over a period, or over one period after another.

    Parameters
    ----------
    name
        As `rounds measure list` names it, or a YAML file.
    from_
        First day, YYYY-MM-DD.
    to
        Last day, included.
    by
        What to split by: care_site, provider, sex, age, svi_quartile, month, several of
        these with commas between (care_site,month), or a stratifier of the measure; by
        care_site if not given, and by nothing with --every.
    every
        Count each month, quarter or year by itself, with one query for all. The first
        begins with the first month that begins in the time asked for; days that make no
        whole one are left out.
    rolling
        With --every: how many of these each period lasts. `--every month --rolling 12`
        gives a year that ends with each month.
    without_addition
        A declared addition of the measure to switch off, e.g. `synthea`; `rounds
        measure explain` names them.
    csv
        Write the table to this file.
    fhir
        Write a FHIR R4 MeasureReport to this file, or with --every a Bundle of them.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.cli.measure_told import told_of_one, told_of_several
    from rounds.conduct import Desk, Gate, Project, each_period

    period = period_of(from_, to)
    length = _whole(rolling)
    if every is not None:
        periods = each_period(period, every, rolling=length)
    elif length == 1:
        periods = (period,)
    else:
        raise _rolling_of_nothing(length)
    for path in filter(None, (csv, fhir)):
        insist_on_folder(path)  # What is counted is told, and takes from what can be.
    opened = Project.open(project)
    with (
        Gate.open(opened, now=utc_now) as gate,
        Desk.open(opened, now=utc_now, by="measure") as desk,
    ):
        measure = _measure(desk, name, without_addition)
        with desk.datamart() as mart:
            ask = _one_period if every is None else _each_period
            found, results = ask(gate, desk, mart, measure, periods, by=by)
    answers = tuple(zip(periods, results, strict=True))
    found = {"measure": str(measure.ref()), "period": period, **found}
    if every is None:
        told, lines = told_of_one(measure.title, answers[0], found["by_what"])
    else:
        told, lines = told_of_several(measure.title, period, answers, (every, length))
    written = _write(measure, answers, csv=csv, fhir=fhir)
    lines += [f"Written: {path}" for path in written.values()]
    show(found | told | written, lines, as_json=json)


Results = tuple["MeasureResult | NotEstimable", ...]


def _write(
    measure: "Measure",
    answers: "tuple[tuple[Period, MeasureResult | NotEstimable], ...]",
    *,
    csv: Path | None,
    fhir: Path | None,
) -> dict[str, Path]:
    """Write what is told in the forms that are asked for, and give where."""
    from json import dumps

    from rounds.reports.fhir_measure_report import measure_reports
    from rounds.reports.measure_table import measure_csv

    written = {}
    if csv is not None:
        write_file(csv, measure_csv(answers))
        written["csv"] = csv
    if fhir is not None:
        resource = measure_reports(measure, answers, made=utc_now())
        write_file(fhir, dumps(resource, ensure_ascii=False, indent=1) + "\n")
        written["fhir"] = fhir
    return written


def _one_period(
    gate: "Gate",
    desk: "Desk",
    mart: "AnyDatamart",
    measure: "Measure",
    periods: "tuple[Period, ...]",
    *,
    by: str | None,
) -> tuple[dict[str, Any], Results]:
    """Count one period; during a trial, sites are told without their names."""
    from rounds.nouns import NotEstimable

    split = by or "care_site"
    opted_out = desk.practice.opt_outs()
    with working("counting"):
        result = gate.measure(mart, measure, periods[0], by=split, without=opted_out)
    found = _circumstances(gate, mart, split)
    if desk.practice.is_masked(utc_now()) and _SITES & set(split.split(",")):
        found["masked"] = _UNNAMED
        if not isinstance(result, NotEstimable):
            result = result.model_copy(update={"by": _mask(result.by)})
    return found, (result,)


def _each_period(
    gate: "Gate",
    desk: "Desk",
    mart: "AnyDatamart",
    measure: "Measure",
    periods: "tuple[Period, ...]",
    *,
    by: str | None,
) -> tuple[dict[str, Any], Results]:
    """Count each period; during a trial, no site is asked for.

    Without its name a site would be known by its course.
    """
    from rounds.conduct import measure_over

    asked = by.split(",") if by else []
    masked = desk.practice.is_masked(utc_now()) and bool(_SITES & set(asked))
    kept = [one for one in asked if not (masked and one in _SITES)]
    split = ",".join(kept) or None
    opted_out = desk.practice.opt_outs()
    with working("counting, and comparing with what was told before"):
        results = measure_over(
            gate, mart, measure, periods, by=split, without=opted_out
        )
    found = _circumstances(gate, mart, split)
    return found | ({"masked": _NOT_FOLLOWED} if masked else {}), results


def _circumstances(
    gate: "Gate", mart: "AnyDatamart", split: str | None
) -> dict[str, Any]:
    return {
        "by_what": split,
        "snapshot": mart.snapshot,
        "disclosure": gate.profile.name,
        "suppression": f"{gate.profile.says}; what is left out is null",
    }


def _measure(desk: "Desk", name: str, switched_off: tuple[str, ...]) -> "Measure":
    """Give a measure by its name or its file, without some of its additions."""
    is_file = name.endswith((".yaml", ".yml"))
    measure = measure_of(name, desk.project.root) if is_file else desk.measure(name)
    for addition in switched_off:
        names = [one.name for one in measure.additions]
        if addition not in names:
            raise DefinitionError(
                f"The measure {measure.name!r} has no addition named {addition!r}.",
                code="unknown-addition",
                remedies=(f"It has: {', '.join(names) or 'none'}",),
            )
        measure = measure.switched(addition, enabled=False)
    return measure


def _mask(units: "tuple[UnitResult, ...]") -> "tuple[UnitResult, ...]":
    """Take the names from sites, and the order that would give them back."""
    from rounds.conduct import in_order_of_values

    return tuple(
        unit.model_copy(update={"unit": f"site {i}"})
        for i, unit in enumerate(in_order_of_values(units), start=1)
    )


def _whole(rolling: str) -> int:
    """Read how many; a fraction is not rounded to another question."""
    if not rolling.removeprefix("-").isdecimal():
        raise DefinitionError(
            f"--rolling {rolling!r} is not a whole number.",
            code="rolling-length",
            remedies=("Say how many of these a period lasts, e.g. --rolling 12.",),
        )
    return int(rolling)


def _rolling_of_nothing(rolling: int) -> DefinitionError:
    """Say that a length without a unit is none; a length below 1 is of nothing else."""
    length = max(rolling, 2)
    cure = f"--every month --rolling {length}"
    return DefinitionError(
        f"--rolling {rolling} is given without --every, so nobody knows of what.",
        code="every-missing",
        remedies=(
            f"For {length} months that end with each month: {cure}",
            "For one period, leave --rolling away.",
        ),
    )
