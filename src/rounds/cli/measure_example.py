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
    """Make up patients for each branch of a measure, and run it on them.

    At least as many are made of each branch as were asked for, and each is judged by
    the reference engine to be what it was made for. No data are needed.

    Parameters
    ----------
    name
        As `rounds measure list` names it, or a YAML file.
    make
        How many of each branch; 1 if not given.
    from_
        First day of the period, YYYY-MM-DD.
    to
        Last day, included.
    seed
        The same seed makes the same patients.
    project
        The project's folder.
    json
        Print one JSON object: the tables of OMOP rows among it.
    """
    from rounds.nouns import Period

    n = 1 if make is None else make
    if n < 1:
        raise DefinitionError(
            f"{n} patients of each branch are asked for.",
            code="nobody-to-make",
            remedies=("Ask for one at least: --make 1",),
        )
    measure = measure_of(name, project)
    period = Period(start=day(from_, "--from"), end=day(to, "--to"))
    return _make(measure, period, n, seed, as_json=json)


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
