"""`rounds evaluation analyse`: a trial in a spreadsheet, with no datamart."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rounds.cli.output import show, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from rounds.loop.evaluation.spreadsheet import Analysed, Claim, Trial
    from rounds.loop.evaluation.spreadsheet.outcomes import Multiplicity
    from rounds.methods.estimands.margins import Better, Hypothesis

__all__ = ["analyse_"]

Summary = Literal[
    "hazard-ratio",
    "rmst-difference",
    "rmst-ratio",
    "rate-ratio",
    "rate-difference",
    "standardised-difference",
    "standardised-ratio",
    "complier-average",
    "per-protocol",
]

_MAY_BE_EMPTY = ("outcome", "time", "event", "exposure", "baseline")
_ROLES = (
    *("outcome", "time", "event", "arm", "exposure", "received", "baseline"),
    *("cluster", "period", "stratum"),
)
_ASKING = ("method", "level", "required", "seed", "horizon", "target", "missing")
_NUMBERS = (*_MAY_BE_EMPTY, "received")
"""Roles of columns of numbers."""


def analyse_(
    file: Path,
    *,
    design: str,
    arm: str,
    second_arm: str | None = None,
    outcome: str | None = None,
    time: str | None = None,
    event: str | None = None,
    exposure: str | None = None,
    received: str | None = None,
    cluster: str | None = None,
    period: str | None = None,
    stratum: str | None = None,
    covariates: str | None = None,
    baseline: str | None = None,
    control: str | None = None,
    second_control: str | None = None,
    method: Literal["least-squares", "gee", "mixed", "mixed-wider", "permutation"]
    | None = None,
    scale: Literal["difference", "risk-ratio", "odds-ratio"] = "difference",
    summary: Summary | None = None,
    horizon: float | None = None,
    target: Literal["persons", "clusters"] = "persons",
    missing: Literal["complete", "multiple-imputation"] = "complete",
    hypothesis: Literal["superiority", "non-inferiority", "equivalence"] | None = None,
    margin: float | None = None,
    better: Literal["lower", "higher"] | None = None,
    interaction_margin: float | None = None,
    interaction_alpha: float = 0.05,
    level: float = 0.95,
    required: str = "sample_ratio,missing_outcomes",
    multiplicity: Literal["holm", "hochberg", "fixed-sequence", "gatekeeping"]
    | None = None,
    seed: int = 1,
    json: bool = False,
) -> None:
    """Analyse a randomised trial in a spreadsheet: one row a person (or visit).

    Parameters
    ----------
    file
        A CSV or parquet file with a header.
    design
        How it was randomised: individual, encounter, cluster, matched-pairs,
        stepped-wedge, cluster-crossover, or factorial (two factors crossed; of clusters
        if --cluster is named).
    arm
        The column of arms, two labels; of a wedge or a cross-over, the arm that the
        person's cluster was in at the time.
    second_arm
        The column of the arms of the second factor of a factorial trial.
    outcome
        The column of outcomes: 0 and 1, or numbers; empty where unknown. Several,
        separated by commas, are judged together.
    time
        The column of times until the event, or until the person was last seen; in
        place of an outcome.
    event
        The column that is 1 where the time ends with the event, 0 where it was cut
        short.
    exposure
        The column of time at risk, where the outcome is a count; with --summary
        rate-ratio or rate-difference.
    received
        The column that is 1 where what the arm is about was received, else 0; with
        --summary complier-average or per-protocol.
    cluster
        The column of what was randomised, if not persons; with encounter, whose visits
        belong together: the patient, or the clinic that holds them all.
    period
        The column of periods, of a wedge or a cross-over.
    stratum
        The column of strata, or of pairs, within which was randomised.
    covariates
        Columns known before the allocation, separated by commas.
    baseline
        The column of the outcome's own value before the trial; adjusted for, and what
        that saves is said.
    control
        The label of the arm to compare with, if it cannot be told.
    second_control
        The same of the second factor.
    method
        How to analyse; without, the design's own.
    scale
        Of the effect; ratios by gee alone.
    summary
        A summary measure beyond --scale; without, of times the hazard ratio.
    horizon
        Up to which mean times go, in the unit of --time.
    target
        Of a standardised risk: whether persons count alike, or clusters.
    missing
        Whether rows without an outcome are left out, or imputed within arms.
    hypothesis
        What is to be shown; judged by the interval.
    margin
        Against which; a share (0.05 is five points), the outcome's unit, or a ratio.
    better
        Which direction of the effect is better.
    interaction_margin
        Of a factorial trial: the largest interaction beside which effects at the
        margins are told; a share, the outcome's unit, or a ratio.
    interaction_alpha
        The level of the test of the interaction, below which they are not.
    level
        Of the interval.
    required
        Checks that must pass before an effect is told, separated by commas; or none.
    multiplicity
        How several outcomes, separated by commas, are judged together; without, by
        Holm's procedure. Of a factorial trial, how its two factors are; without,
        each by itself. Of gatekeeping, families are separated by strokes: A/B,C.
    seed
        Draws allocations, where there are too many to look at all; and imputations.
    json
        Print one JSON object.
    """
    given: dict[str, Any] = dict(locals())  # the options, before aught else is named
    checks = [] if required == "none" else [one.strip() for one in required.split(",")]
    given["required"] = checks
    roles = {role: given[role] for role in _ROLES}
    names = [] if covariates is None else covariates.split(",")
    if design == "factorial":
        _show_factors(file, {**roles, "second_arm": second_arm}, names, given)
        return
    _insist_on_one_factor(second_arm, second_control, interaction_margin)

    def read(column: str | None) -> "Trial":
        return _read(file, design, {**roles, "outcome": column}, names, control)

    asking = {name: given[name] for name in _ASKING}
    asking["scale"] = summary or ("hazard-ratio" if time else scale)
    asking["claim"] = _claim(hypothesis, margin, better)
    if multiplicity is None and "," not in (outcome or ""):
        _show_one(read(outcome), asking, as_json=json)
    else:
        _show_several(read, outcome, multiplicity or "holm", asking, as_json=json)


def _show_factors(
    file: Path,
    roles: dict[str, str | None],
    covariates: list[str],
    given: dict[str, Any],
) -> None:
    from rounds.cli.evaluation_factorial import analyse_factors

    covariates = [name.strip() for name in covariates]
    _insist_on_outcome(roles)
    _insist_on_roles({**roles, **{f"covariate {n}": n for n in covariates}})
    analyse_factors(file, roles, covariates, given, as_json=given["json"])


def _insist_on_one_factor(*of_two: str | float | None) -> None:
    """Refuse what is of two factors: it would be left unread."""
    from rounds.nouns.errors import DefinitionError

    if any(one is not None for one in of_two):
        raise DefinitionError(
            "A second factor, or an interaction, is of --design factorial.",
            code="trial-asked",
            remedies=("Say --design factorial, or leave it out.",),
        )


def _show_one(trial: "Trial", asking: dict[str, Any], *, as_json: bool) -> None:
    from rounds.loop.evaluation.spreadsheet import analyse_trial, as_numbers, sentences

    found = analyse_trial(trial, **asking)
    show(as_numbers(found), _lines(found, sentences(found)), as_json=as_json)


def _show_several(
    read: "Callable[[str | None], Trial]",
    outcome: str | None,
    multiplicity: "Multiplicity",
    asking: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from rounds.loop.evaluation.spreadsheet import analyse_outcomes, as_family

    _insist_on_outcome({"outcome": outcome, "time": None, "event": None})
    assert outcome is not None
    written = outcome.split("/") if multiplicity == "gatekeeping" else [outcome]
    families = [[name.strip() for name in one.split(",")] for one in written]
    trials = {name: read(name) for family in families for name in family}
    several = analyse_outcomes(trials, families, multiplicity=multiplicity, **asking)
    told = as_family(several)
    level = f"{several.level:.0%} interval"
    header = ("outcome", "effect", level, "p", "adjusted p", "simultaneous", "shown")
    lines = [*table(header, [tuple(row) for row in told.pop("rows")]), ""]
    lines += told["sentences"]
    for one in several.outcomes:
        reason = one.found.sealed or one.found.not_estimable
        lines += [f"  * {one.name}: {reason}"] if reason else []
    lines += [f"  * {note}" for note in several.outcomes[0].found.limitations]
    show(told, lines, as_json=as_json)


def _claim(
    hypothesis: "Hypothesis | None", margin: float | None, better: "Better | None"
) -> "Claim | None":
    from rounds.loop.evaluation.spreadsheet import Claim
    from rounds.nouns.errors import DefinitionError

    if hypothesis is not None:
        return Claim(hypothesis, margin, better)
    if margin is None and better is None:
        return None
    raise DefinitionError(
        "A margin or a direction is said, but not what is to be shown.",
        code="trial-asked",
        remedies=("Say --hypothesis superiority, non-inferiority or equivalence.",),
    )


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
    _insist_on_outcome(named)
    _insist_on_roles({**named, **{f"covariate {n}": n for n in covariates}})
    kinds: dict[str, Kind] = dict.fromkeys(_NUMBERS, "number")
    kinds["period"] = "period"
    wanted: dict[str, Kind] = {
        column: kinds.get(role, "text") for role, column in named.items() if column
    }
    wanted |= dict.fromkeys(covariates, "text")
    optional = [column for role in _MAY_BE_EMPTY if (column := named.get(role))]
    read = read_spreadsheet(file, wanted, optional=optional)
    return trial_of(
        design,
        {role: read.columns[column] for role, column in named.items() if column},
        control=control,
        covariates={name: read.columns[name] for name in covariates},
    )


def _insist_on_outcome(named: dict[str, str | None]) -> None:
    """Refuse columns that are no outcome, or two."""
    from rounds.nouns.errors import DefinitionError

    there = tuple(bool(named[role]) for role in ("outcome", "time", "event"))
    if there not in {(True, False, False), (False, True, True)}:
        raise DefinitionError(
            "A trial has an --outcome, or a --time with its --event.",
            code="trial-columns",
            remedies=("Name the column: --outcome COL.", "--time COL --event COL."),
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


def _lines(found: "Analysed", said: tuple[str, ...]) -> list[str]:
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
    names = {"time": "with the event", "exposure": "rate"}
    (mean,) = {names[r] for r in found.roles if r in names} or {"mean outcome"}
    header = ("arm", "persons", "outcome known", "clusters", mean)
    checks = [
        f"  {one.name:<18}{one.verdict.replace('_', ' ')}"
        f"{' (required)' if one.required else ''}: {one.detail}"
        for one in found.diagnostics
    ]
    lines = [*table(header, rows), "", *checks, "", *said]
    lines += ["", f"By {METHOD_WORDS[found.method]}."]
    lines += [f"  * {note}" for note in found.limitations]
    return [*lines, *_shifts(found)]


def _shifts(found: "Analysed") -> list[str]:
    """Write how the effect goes with what the missing outcomes were."""
    rows: Any = found.fit.details.get("tipping") if found.fit else None
    if not rows or rows[0]["mean_imputed"] is None:
        return []
    cells = [
        tuple(
            "–" if row.get(name) is None else f"{row[name]:.3g}"
            for name in ("mean_imputed", "estimate", "lower", "upper")
        )
        for row in rows
    ]
    label = found.arms[1].label
    header = (f"if the missing of {label!r} average", "effect", "lower", "upper")
    return ["", *table(header, cells)]
