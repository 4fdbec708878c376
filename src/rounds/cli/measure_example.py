"""`rounds measure example`: a measure tried on patients who do not exist."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rounds.cli.measure_define import measure_of
from rounds.cli.output import day, show, table, working
from rounds.nouns.errors import DefinitionError

if TYPE_CHECKING:
    from rounds.definitions.made_patients import Made
    from rounds.nouns import Measure, Period

__all__ = ["example_"]


def example_(
    name: str,
    /,
    *,
    make: int | None = None,
    from_: str = "2025-01-01",
    to: str = "2025-12-31",
    seed: int = 0,
    project: Path = Path(),
    json: bool = False,
) -> int:
    """Run a measure on example patients, who are nobody. No data are needed.

    Those that travel with the measure, NAME.examples.yaml beside it, are written by
    hand, each with where it belongs: each is shown with what was expected and what was
    found, and the exit code is not 0 if one is put elsewhere. A measure of a site's own
    is published only when all are where they belong.

    With --make, patients are made up for each branch instead: at least as many of each
    as were asked for, each judged by the reference engine to be what it was made for.

    Parameters
    ----------
    name
        As `rounds measure list` names it, or a YAML file.
    make
        Make up patients: how many of each branch.
    from_
        First day of the period of those that are made up, YYYY-MM-DD.
    to
        Last day, included.
    seed
        The same seed makes the same patients.
    project
        The project's folder.
    json
        Print one JSON object: of patients that are made up, the tables of OMOP rows
        among it.
    """
    from rounds.nouns import Period

    measure = measure_of(name, project)
    if make is None:
        return _run(measure, _folder(name, project), as_json=json)
    if make < 1:
        raise DefinitionError(
            f"{make} patients of each branch are asked for.",
            code="nobody-to-make",
            remedies=("Ask for one at least: --make 1",),
        )
    period = Period(start=day(from_, "--from"), end=day(to, "--to"))
    return _make(measure, period, make, seed, as_json=json)


def _folder(name: str, project: Path) -> Path | None:
    """Give the folder in which a site's examples are looked for."""
    from rounds.conduct import Project

    if name.endswith((".yaml", ".yml")):
        return Path(name).parent
    if (project / "rounds.toml").is_file():
        return Project.open(project).definitions
    return None


def _run(measure: "Measure", folder: Path | None, *, as_json: bool) -> int:
    from rounds.definitions import examples_of, insist_proven, outcomes

    examples = examples_of(measure.name, folder)
    if examples is None:
        insist_proven(measure, None)  # says what is missing, and what to do
        raise AssertionError("a measure without examples is refused")
    every = outcomes(measure, examples)
    failed = [one for one in every if not one.as_expected]
    document: dict[str, Any] = {
        "measure": str(measure.ref()),
        "period": examples.period,
        "patients": [one._asdict() for one in every],
        "failed": len(failed),
    }
    said = f"{examples.period.start} to {examples.period.end}"
    lines = [f"{measure.title}: {len(every)} example patients, {said}", ""]
    rows = [
        (one.patient, one.expected, one.found, "" if one.as_expected else "NOT SO")
        for one in every
    ]
    lines += table(("patient", "expected", "found", ""), rows)
    told = f"{len(failed)} not." if failed else "none elsewhere."
    lines += ["", f"As expected: {len(every) - len(failed)}; {told}"]
    show(document, lines, as_json=as_json)
    return DefinitionError.exit_code if failed else 0


def _make(
    measure: "Measure", period: "Period", n: int, seed: int, *, as_json: bool
) -> int:
    from rounds.definitions.made_patients import made_patients

    with working("making up patients"):
        made = made_patients(measure, period, n, seed)
    counts = _counts(measure, made, period)
    document: dict[str, Any] = {
        "measure": str(measure.ref()),
        "period": period,
        "branches": {branch: len(some) for branch, some in made.persons.items()},
        "not_made": list(made.not_made),
        "populations": counts,
        "tables": {name: list(rows) for name, rows in made.tables.items()},
        "cohorts": {str(ref): list(rows) for ref, rows in made.cohorts.items()},
    }
    rows = [(str(len(some)), branch) for branch, some in made.persons.items()]
    rows += [("none", branch) for branch in made.not_made]
    lines = [f"{measure.title}: made-up patients, by what they show", ""]
    lines += table(("patients", "branch"), rows)
    lines += ["", "Run on all of them:"]
    lines += [f"  {population}: {found}" for population, found in counts.items()]
    if made.not_made:
        lines += ["", "Of some branches none could be made: clauses may contradict."]
    show(document, lines, as_json=as_json)
    return DefinitionError.exit_code if made.not_made else 0


def _counts(measure: "Measure", made: "Made", period: "Period") -> dict[str, int]:
    from rounds.definitions.reference import evaluate

    rows = evaluate(measure, made.tables, period, cohorts=made.cohorts)
    return {
        "initial_population": len(rows),
        "denominator": sum(row.denominator for row in rows),
        "denominator_exclusion": sum(row.excluded for row in rows),
        "denominator_exception": sum(row.excepted for row in rows),
        "numerator": sum(row.numerator for row in rows),
        "observed": sum(row.observed for row in rows),
    }
