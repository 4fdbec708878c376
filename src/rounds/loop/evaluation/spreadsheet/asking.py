"""A question as it comes from a door: refused where the trial does not offer it."""

import math
from collections.abc import Collection

from rounds.loop.evaluation.spreadsheet.checks import SHEET_CHECKS
from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS, Method, Scale
from rounds.loop.evaluation.spreadsheet.question import Missing, Question, Target
from rounds.loop.evaluation.spreadsheet.summaries import SUMMARIES
from rounds.loop.evaluation.spreadsheet.trial import BASELINE, Trial
from rounds.nouns import DefinitionError

__all__ = ["asked", "insist_on_checks", "question_of"]


def question_of(
    trial: Trial,
    *,
    method: Method | None,
    scale: Scale,
    level: float,
    seed: int,
    horizon: float | None = None,
    target: Target = "persons",
    missing: Missing = "complete",
) -> Question:
    """Give the question, if it can be asked of the trial.

    Parameters
    ----------
    trial, method, scale, level, seed, horizon, target, missing
        As of `analyse_trial`.

    Raises
    ------
    DefinitionError
        If the design does not offer the method or the scale, or a number is out of its
        range.
    """
    if seed < 0:
        raise asked(f"--seed {seed} is below 0.", "--seed 1")
    if not 0 < level < 1:
        raise asked(f"--level {level} is not between 0 and 1.", "--level 0.95")
    if scale in SUMMARIES:
        chosen = _of_summary(trial, method, scale)
    else:
        chosen = _of_scale(trial, method, scale)
    if horizon is not None and chosen != "kaplan-meier":
        raise asked(
            "--horizon is of mean times alone.",
            "Leave it out, or choose --summary rmst-difference.",
        )
    if horizon is not None and not (math.isfinite(horizon) and horizon > 0):
        raise asked(f"--horizon {horizon} is not above 0.", "--horizon 365")
    if target == "clusters" and chosen != "standardisation":
        raise asked(
            "--target clusters is of standardised risks alone.",
            "Leave it out, or choose --summary standardised-difference.",
        )
    if target == "clusters" and trial.clusters is None:
        raise asked(
            f"A trial of design {trial.design!r} has no clusters to average.",
            "Choose --target persons.",
        )
    if BASELINE in trial.covariates and not _takes_baseline(scale):
        raise asked(
            f"What a baseline saves is not told of {scale}.",
            "Leave --baseline out, or name the column among --covariates.",
        )
    if missing == "multiple-imputation":
        _insist_on_imputable(trial, chosen)
    return Question(chosen, scale, level, seed, horizon, target, missing)


def _takes_baseline(scale: Scale) -> bool:
    """Tell whether adjusting leaves what is estimated as it is."""
    return scale == "difference" or scale.startswith("standardised")


_IMPUTABLE: tuple[Method, ...] = ("least-squares", "gee", "mixed", "standardisation")


def _insist_on_imputable(trial: Trial, method: Method) -> None:
    if method not in _IMPUTABLE:
        raise asked(
            f"Missing outcomes are not imputed for {method!r}.",
            f"Choose --method {' or '.join(_IMPUTABLE[:3])}, or --missing complete.",
        )
    if trial.design not in {"individual", "cluster"}:
        raise asked(
            f"Missing outcomes of a {trial.design} trial are not imputed.",
            "--missing complete",
        )


def _of_summary(trial: Trial, method: Method | None, scale: Scale) -> Method:
    kind = SUMMARIES[scale]
    if trial.design not in kind.designs:
        raise asked(
            f"A {trial.design} trial does not offer --summary {scale}.",
            f"It is of designs {', '.join(kind.designs)}.",
        )
    if method not in (None, kind.method):
        raise asked(f"--summary {scale} has a method of its own.", "No --method.")
    lacking = [name for name in kind.needs if name not in trial.roles]
    if lacking:
        raise asked(
            f"--summary {scale} needs --{' and --'.join(lacking)}.",
            f"Name the column: --{lacking[0]} COL.",
        )
    unread = [name for name in trial.roles if name not in kind.needs]
    if unread:
        raise _unread(unread[0], f"--summary {scale}")
    if kind.is_binary and not trial.is_binary:
        raise asked(
            f"--summary {scale} is of an outcome that is 0 or 1.",
            "Choose --scale difference.",
        )
    if trial.covariates and not kind.adjusts:
        raise asked(
            f"--summary {scale} does not adjust for covariates.",
            "Leave --covariates out, or choose --summary hazard-ratio.",
        )
    return kind.method


def _of_scale(trial: Trial, method: Method | None, scale: Scale) -> Method:
    offered = SHEET_DESIGNS[trial.design].methods
    if trial.roles:
        raise _unread(next(iter(trial.roles)), f"--scale {scale}")
    if method is None:
        method = offered[0] if scale == "difference" else "gee"
    if method not in offered:
        raise asked(
            f"A {trial.design} trial is not analysed by {method!r}.",
            f"Choose --method {' or '.join(offered)}"
            + ("" if scale == "difference" else ", and --scale difference")
            + ".",
        )
    if scale != "difference" and method != "gee":
        raise asked(
            f"{method!r} gives differences, no {scale}.",
            "Choose --method gee, or --scale difference.",
        )
    if scale != "difference" and not trial.is_binary:
        raise asked(
            f"A {scale} is of an outcome that is 0 or 1.",
            "Choose --scale difference.",
        )
    return method


def _unread(name: str, by: str) -> DefinitionError:
    fitting = [one for one, kind in SUMMARIES.items() if name in kind.needs]
    return asked(
        f"--{name} would be left unread by {by}.",
        f"Choose --summary {' or '.join(fitting)}, or leave it out.",
    )


def insist_on_checks(required: Collection[str]) -> None:
    """Refuse checks that there are none of.

    Parameters
    ----------
    required : collection of str
        Names.

    Raises
    ------
    DefinitionError
        If one is not of `SHEET_CHECKS`.
    """
    unknown = set(required) - set(SHEET_CHECKS)
    if unknown:
        raise asked(
            f"There is no check {min(unknown)!r}.",
            f"Choose among {', '.join(SHEET_CHECKS)}, or none.",
        )


def asked(what: str, remedy: str) -> DefinitionError:
    """Give the error of a question that the trial does not offer.

    Parameters
    ----------
    what : str
        What was asked.
    remedy : str
        What to ask instead.
    """
    return DefinitionError(what, code="trial-asked", remedies=(remedy,))
