"""`rounds measure`: how well care is given."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rounds.cli.measure_define import measure_of
from rounds.cli.output import number, period_of, show, table, utc_now, working
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.nouns import Measure, MeasureResult, UnitResult

__all__ = ["explain_", "list_", "run_"]


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
        As `rounds measure list` names it, or a YAML file.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.definitions import explain

    measure = measure_of(name, project)
    text = explain(measure)
    show({"measure": measure.name, "text": text}, [text], as_json=json)


def run_(
    name: str,
    /,
    *,
    from_: str,
    to: str,
    by: str = "care_site",
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
        What to split by: care_site, provider, sex, age, svi_quartile, month, several of
        these with commas between (care_site,month), or a stratifier of the measure.
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

    period = period_of(from_, to)
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
    hide_names = masked and bool({"care_site", "provider"} & set(by.split(",")))
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
        "unused_codes": list(result.unused_codes),
        "limitations": list(result.limitations),
    }
    if hide_names:
        units = _mask(units)
        found["masked"] = "sites are not named while a trial randomises them"
    found["by"] = [_row(unit) for unit in units]
    percent = result.scoring == "proportion"
    rows = [_cells(unit, percent=percent) for unit in (*units, overall)]
    head: tuple[str, ...] = (by, "numerator", "denominator", "value", "95% interval")
    if overall.observed_to_expected is not None:
        rows = [
            (*row, *_expected(unit))
            for row, unit in zip(rows, (*units, overall), strict=True)
        ]
        head = (*head, "expected", "observed / expected")
    lines = table(head, rows)
    lines += ["", "– : suppressed, a small count could be worked out from it"]
    if result.unused_codes:
        lines += ["", "Codes that the data never use:"]
        lines += [f"  {sentence}" for sentence in result.unused_codes]
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
        **_beyond(unit),
    }


def _beyond(unit: "UnitResult") -> dict[str, Any]:
    """Give what a ratio and a risk model add; nothing of a plain proportion."""
    names = (
        "numerator_total",
        "denominator_total",
        "expected",
        "observed_to_expected",
        "observed_to_expected_lower",
        "observed_to_expected_upper",
    )
    found = {name: getattr(unit, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _expected(unit: "UnitResult") -> tuple[str, str]:
    ratio, low = unit.observed_to_expected, unit.observed_to_expected_lower
    if unit.expected is None or ratio is None or low is None:
        return ("–", "–")
    interval = f"{low:.2f} to {unit.observed_to_expected_upper:.2f}"
    return (f"{unit.expected:.1f}", f"{ratio:.2f} ({interval})")


def _cells(unit: "UnitResult", *, percent: bool) -> tuple[str, ...]:
    def said(found: int | None) -> str:
        return "–" if found is None else f"{found:,}"

    form = ".1%" if percent else ",.4g"
    value = "–" if unit.value is None else f"{unit.value:{form}}"
    interval = "–"
    if unit.lower is not None and unit.upper is not None:
        interval = f"{unit.lower:{form}} to {unit.upper:{form}}"
    return (unit.unit, said(unit.numerator), said(unit.denominator), value, interval)


def _measures(project: Path) -> "dict[str, Measure]":
    from rounds.conduct import Project
    from rounds.definitions import builtin_measures, load_measures

    measures = dict(builtin_measures())
    if (project / "rounds.toml").is_file():
        measures |= load_measures(Project.open(project).definitions)
    return measures
