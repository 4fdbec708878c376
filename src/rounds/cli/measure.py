"""`rounds measure`: how well care is given."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from rounds.cli.output import day, number, show, table, utc_now, working
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.nouns import Measure, MeasureResult, Period, UnitResult

__all__ = ["explain_", "list_", "run_"]

By = Literal["care_site", "provider", "sex", "age", "svi_quartile", "month"]


def list_(*, project: Path = Path(), json: bool = False) -> None:
    """List the measures there are: built in, and of this site.

    Parameters
    ----------
    project
        The project's folder; without one, the built-in measures are listed.
    json
        Print one JSON object.
    """
    measures = _measures(project)
    found = {name: measure.title for name, measure in sorted(measures.items())}
    show(found, table(("measure", "title"), found.items()), as_json=json)


def explain_(name: str, /, *, project: Path = Path(), json: bool = False) -> None:
    """Say a measure in plain words: who counts, what succeeds, what is left out.

    Parameters
    ----------
    name
        As `rounds measure list` names it.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.definitions import explain

    measure = _one(_measures(project), name)
    text = explain(measure)
    show({"measure": name, "text": text}, [text], as_json=json)


def run_(
    name: str,
    /,
    *,
    from_: str,
    to: str,
    by: By = "care_site",
    without_addition: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    project: Path = Path(),
    json: bool = False,
) -> None:
    """Count a measure over a period.

    Parameters
    ----------
    name
        As `rounds measure list` names it.
    from_
        First day, YYYY-MM-DD.
    to
        Last day, included.
    by
        What to split by.
    without_addition
        A declared addition of the measure to switch off, e.g. `synthea`; `rounds
        measure explain` names them.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Gate, Project
    from rounds.nouns import NotEstimable

    period = _period(from_, to)
    opened = Project.open(project)
    with (
        Gate.open(opened, now=utc_now) as gate,
        Desk.open(opened, now=utc_now, by="measure") as desk,
    ):
        measure = desk.measure(name)
        for addition in without_addition:
            measure = _without(measure, addition)
        with desk.datamart() as mart:
            snapshot = mart.snapshot
            opted_out = desk.practice.opt_outs()
            masked = desk.practice.is_masked(utc_now())
            with working("counting"):
                result = gate.measure(mart, measure, period, by=by, without=opted_out)
    found: dict[str, Any] = {
        "measure": str(measure.ref()),
        "period": period,
        "by_what": by,
        "snapshot": snapshot,
        "disclosure": gate.profile.name,
        "suppression": f"{gate.profile.says}; what is left out is null",
    }
    if isinstance(result, NotEstimable):
        found |= {"not_estimable": result.reason, "populations": {}, "by": []}
        show(found, [f"{measure.title}: {number(result)}"], as_json=json)
        return
    hide_names = masked and by in {"care_site", "provider"}
    shown, lines = _shown(result, by, hide_names=hide_names)
    heading = f"{measure.title}, {period.start} to {period.end}"
    show(found | shown, [heading, *lines], as_json=json)


def _shown(
    result: "MeasureResult", by: str, *, hide_names: bool
) -> tuple[dict[str, Any], list[str]]:
    """Give what the gate let through, as JSON has it and as lines."""
    units, overall, populations = result.by, result.overall, result.populations
    found: dict[str, Any] = {
        "populations": populations,
        "suppressed": overall.suppressed or None in populations.values(),
        "overall": _row(overall),
        "limitations": list(result.limitations),
    }
    if hide_names:
        units = _mask(units)
        found["masked"] = "sites are not named while a trial randomises them"
    found["by"] = [_row(unit) for unit in units]
    rows = [_cells(unit) for unit in (*units, overall)]
    head = (by, "numerator", "denominator", "value", "95% interval")
    lines = table(head, rows)
    lines += ["", "– : suppressed, a small count could be worked out from it"]
    return found, lines + [f"* {sentence}" for sentence in result.limitations]


def _mask(units: "tuple[UnitResult, ...]") -> "tuple[UnitResult, ...]":
    """Take the names from sites, and the order that would give them back."""
    ordered = sorted(units, key=lambda u: (u.value or 0.0, u.denominator or 0))
    return tuple(
        unit.model_copy(update={"unit": f"site {i}"})
        for i, unit in enumerate(ordered, start=1)
    )


def _without(measure: "Measure", addition: str) -> "Measure":
    names = [one.name for one in measure.additions]
    if addition not in names:
        raise DefinitionError(
            f"The measure {measure.name!r} has no addition named {addition!r}.",
            code="unknown-addition",
            remedies=(f"It has: {', '.join(names) or 'none'}",),
        )
    return measure.switched(addition, enabled=False)


def _row(unit: "UnitResult") -> dict[str, Any]:
    return {
        "site": unit.unit,
        "denominator": unit.denominator,
        "numerator": unit.numerator,
        "value": unit.value,
        "lower": unit.lower,
        "upper": unit.upper,
        "suppressed": unit.suppressed,
    }


def _cells(unit: "UnitResult") -> tuple[str, ...]:
    def said(found: int | None) -> str:
        return "–" if found is None else f"{found:,}"

    value = "–" if unit.value is None else f"{unit.value:.1%}"
    interval = "–"
    if unit.lower is not None and unit.upper is not None:
        interval = f"{unit.lower:.1%} to {unit.upper:.1%}"
    return (unit.unit, said(unit.numerator), said(unit.denominator), value, interval)


def _period(from_: str, to: str) -> "Period":
    from rounds.nouns import Period

    start, end = day(from_, "--from"), day(to, "--to")
    if end < start:
        raise DefinitionError(
            f"The period ends ({end}) before it begins ({start}).",
            code="period-backwards",
            remedies=(f"Exchange the two: --from {end} --to {start}",),
        )
    return Period(start=start, end=end)


def _measures(project: Path) -> "dict[str, Measure]":
    from rounds.conduct import Project
    from rounds.definitions import builtin_measures, load_measures

    measures = dict(builtin_measures())
    if (project / "rounds.toml").is_file():
        measures |= load_measures(Project.open(project).definitions)
    return measures


def _one(measures: "dict[str, Measure]", name: str) -> "Measure":
    if name not in measures:
        raise DefinitionError(
            f"There is no measure named {name!r}.",
            code="unknown-measure",
            remedies=(f"Choose one of: {', '.join(sorted(measures))}",),
        )
    return measures[name]
