"""`rounds cohort`: who fits a definition, from when until when."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import number, show, table, utc_now, working

if TYPE_CHECKING:
    from rounds.nouns import Cohort, CohortResult, UnitResult

__all__ = ["explain_", "run_", "show_"]

_HIDDEN = "–"


def run_(*files: Path, project: Path = Path(), json: bool = False) -> None:
    """Count cohorts: entry events, what each inclusion rule leaves, by sex and age.

    Several cohorts are run together, so that what they have in common is read once.
    The same definition on the same snapshot is computed once.

    Parameters
    ----------
    files
        JSON files as ATLAS exports them, or folders of such files.
    project
        The project's folder.
    json
        Print one JSON object.
    """
    from rounds.conduct import Desk, Gate, Project
    from rounds.definitions import read_cohorts

    cohorts = read_cohorts(files)
    opened = Project.open(project)
    with (
        Gate.open(opened, now=utc_now) as gate,
        Desk.open(opened, now=utc_now, by="cohort") as desk,
        desk.datamart() as mart,
        working("counting"),
    ):
        snapshot = mart.snapshot
        opted_out = desk.practice.opt_outs()
        results = gate.cohorts(mart, cohorts, without=opted_out)
    found: list[dict[str, Any]] = []
    lines: list[str] = []
    for cohort, result in zip(cohorts, results, strict=True):
        plain, told = _shown(result)
        found.append({"cohort": str(cohort.ref()), "title": cohort.title, **plain})
        lines += [cohort.title, *told, ""]
    lines.append(f"{_HIDDEN} : left out, a small count could be worked out from it")
    whole = {
        "snapshot": snapshot,
        "disclosure": gate.profile.name,
        "suppression": f"{gate.profile.says}; what is left out is null",
        "cohorts": found,
    }
    show(whole, lines, as_json=json)


def show_(
    *files: Path,
    sql: Literal["duckdb", "postgresql", "spark"] | None = None,
    json: bool = False,
) -> None:
    """Show what cohorts hold: their Ref, rules, concept sets, and the SQL they become.

    Parameters
    ----------
    files
        JSON files as ATLAS exports them, or folders of such files.
    sql
        Print the statements for this engine too; Spark's write to the schema `scratch`.
    json
        Print one JSON object.
    """
    from rounds.datamart import compile_cohort
    from rounds.definitions import read_cohorts

    found: list[dict[str, Any]] = []
    lines: list[str] = []
    for cohort in read_cohorts(files):
        scratch = "scratch" if sql == "spark" else None
        made = compile_cohort(cohort, sql, scratch=scratch) if sql else []
        plain: dict[str, Any] = {
            "cohort": str(cohort.ref()),
            "title": cohort.title,
            "inclusion_rules": cohort.inclusion_rules,
            "concept_sets": [_concept_set(one) for one in _sets(cohort)],
        }
        found.append(plain | ({"sql": made} if sql else {}))
        lines += [cohort.title, f"  {cohort.ref()}"]
        lines += [f"  inclusion rule: {name}" for name in cohort.inclusion_rules]
        lines += [
            f"  concept set {one['id']}: {one['name']}, {one['concepts']} listed"
            for one in plain["concept_sets"]
        ]
        lines += ["", *(f"{statement};\n" for statement in made)]
    show({"cohorts": found}, lines, as_json=json)


def explain_(*files: Path, json: bool = False) -> None:
    """Say cohorts in plain words: who enters, which rules hold, when it ends.

    Parameters
    ----------
    files
        JSON files as ATLAS exports them, or folders of such files.
    json
        Print one JSON object.
    """
    from rounds.definitions import explain_cohort, read_cohorts

    told = {str(one.ref()): explain_cohort(one) for one in read_cohorts(files)}
    found = [{"cohort": ref, "text": text} for ref, text in told.items()]
    lines = [line for text in told.values() for line in (*text.splitlines(), "")]
    show({"cohorts": found}, lines[:-1], as_json=json)


def _shown(result: Any) -> tuple[dict[str, Any], list[str]]:
    """Give what may leave, as JSON has it and as lines."""
    from rounds.nouns import NotEstimable

    if isinstance(result, NotEstimable):
        return {"not_estimable": result.reason}, [number(result)]
    plain = result.model_dump(mode="json", exclude={"cohort", "title", "snapshot"})
    for name in ("by_sex", "by_age"):
        plain[name] = [
            {
                "group": one.unit,
                "persons": one.denominator,
                "suppressed": one.suppressed,
            }
            for one in getattr(result, name)
        ]
    return plain, _lines(result)


def _lines(result: "CohortResult") -> list[str]:
    rows = [
        (one.name, _said(one.persons), _said(one.events), _said(one.persons_alone))
        for one in result.attrition
    ]
    rows.append(("in the cohort", _said(result.persons), _said(result.periods), ""))
    lines = table(("step", "persons", "events or periods", "by this rule alone"), rows)
    for name, units in (("sex", result.by_sex), ("age", result.by_age)):
        lines += ["", *table((name, "persons"), map(_cells, units))] if units else []
    if result.unused_concepts:
        lines += ["", "Codes that the data never use:"]
        lines += [f"  {sentence}" for sentence in result.unused_concepts]
    return lines + [f"* {sentence}" for sentence in result.limitations]


def _cells(unit: "UnitResult") -> tuple[str, str]:
    return unit.unit, _said(unit.denominator)


def _said(count: int | None) -> str:
    return _HIDDEN if count is None else f"{count:,}"


def _sets(cohort: "Cohort") -> list[dict[str, Any]]:
    return list(cohort.expression.get("ConceptSets", []))


def _concept_set(one: dict[str, Any]) -> dict[str, Any]:
    items = one["expression"]["items"]
    return {"id": one["id"], "name": one.get("name", ""), "concepts": len(items)}
