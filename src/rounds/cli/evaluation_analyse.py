"""`rounds evaluation analyse`: a trial in a spreadsheet, with no datamart."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rounds.cli.output import show, table

if TYPE_CHECKING:
    from rounds.loop.evaluation.spreadsheet import Analysed, Trial

__all__ = ["analyse_"]


def analyse_(
    file: Path,
    *,
    design: str,
    outcome: str,
    arm: str,
    cluster: str | None = None,
    period: str | None = None,
    stratum: str | None = None,
    covariates: str | None = None,
    control: str | None = None,
    method: Literal["least-squares", "gee", "mixed", "permutation"] | None = None,
    scale: Literal["difference", "risk-ratio", "odds-ratio"] = "difference",
    level: float = 0.95,
    required: str = "sample_ratio,missing_outcomes",
    seed: int = 1,
    json: bool = False,
) -> None:
    """Analyse a randomised trial in a spreadsheet: one row a person, no datamart.

    Parameters
    ----------
    file
        A CSV or parquet file with a header.
    design
        How it was randomised: individual, cluster, matched-pairs, stepped-wedge or
        cluster-crossover.
    outcome
        The column of outcomes: 0 and 1, or numbers; empty where unknown.
    arm
        The column of arms, two labels; of a wedge or a cross-over, the arm that the
        person's cluster was in at the time.
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
    method
        How to analyse; without, the design's own.
    scale
        Of the effect; ratios by gee alone.
    level
        Of the interval.
    required
        Checks that must pass before an effect is told, separated by commas; or none.
    seed
        Draws allocations, where there are too many to look at all.
    json
        Print one JSON object.
    """
    from rounds.loop.evaluation.spreadsheet import analyse_trial, as_numbers, sentences

    named = {"outcome": outcome, "arm": arm, "cluster": cluster, "period": period}
    trial = _read(
        file,
        design,
        {**named, "stratum": stratum},
        [] if covariates is None else covariates.split(","),
        control,
    )
    found = analyse_trial(
        trial,
        method=method,
        scale=scale,
        level=level,
        required=[]
        if required == "none"
        else [name.strip() for name in required.split(",")],
        seed=seed,
    )
    show(as_numbers(found), _lines(found, sentences(found)), as_json=json)


def _read(
    file: Path,
    design: str,
    named: dict[str, str | None],
    covariates: list[str],
    control: str | None,
) -> "Trial":
    from rounds.datamart.spreadsheet import Kind, read_spreadsheet
    from rounds.loop.evaluation.spreadsheet import trial_of

    covariates = [name.strip() for name in covariates]
    _insist_on_roles({**named, **{f"covariate {n}": n for n in covariates}})
    kinds: dict[str, Kind] = {"outcome": "number", "period": "period"}
    wanted: dict[str, Kind] = {
        column: kinds.get(role, "text") for role, column in named.items() if column
    }
    wanted |= dict.fromkeys(covariates, "text")
    outcome = named["outcome"]
    assert outcome is not None
    read = read_spreadsheet(file, wanted, optional=(outcome,))
    return trial_of(
        design,
        {role: read.columns[column] for role, column in named.items() if column},
        control=control,
        covariates={name: read.columns[name] for name in covariates},
    )


def _insist_on_roles(named: dict[str, str | None]) -> None:
    """Refuse a column in two roles: it would be read as one of them."""
    from rounds.nouns.errors import DefinitionError

    roles: dict[str, str] = {}
    for role, column in named.items():
        if column is None:
            continue
        if not column:
            what = f"A {role.split(' ')[0]} has no name."
        elif column in roles:
            what = f"{column!r} is both {roles[column]} and {role.split(' ')[0]}."
        else:
            roles[column] = role.split(" ")[0]
            continue
        raise DefinitionError(
            what,
            code="trial-asked",
            why="Each column has one part in a trial.",
            remedies=("Name another column, or leave one of them out.",),
        )


def _lines(found: "Analysed", said: tuple[str, str]) -> list[str]:
    from rounds.loop.evaluation.spreadsheet.models import METHOD_WORDS

    rows = [
        (
            arm.label,
            f"{arm.n:,}",
            f"{arm.n_known:,}",
            "–" if arm.n_clusters is None else f"{arm.n_clusters:,}",
            "–" if arm.mean is None else f"{arm.mean:.4g}",
        )
        for arm in found.arms
    ]
    header = ("arm", "persons", "outcome known", "clusters", "mean outcome")
    checks = [
        f"  {one.name:<18}{one.verdict.replace('_', ' ')}"
        f"{' (required)' if one.required else ''}: {one.detail}"
        for one in found.diagnostics
    ]
    lines = [*table(header, rows), "", *checks, "", *said]
    lines += ["", f"By {METHOD_WORDS[found.method]}."]
    return [*lines, *(f"  * {note}" for note in found.limitations)]
