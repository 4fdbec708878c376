"""Checks, then the effect: an estimate, a sealed reason, or why there is none."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from rounds.loop.evaluation.checks.diagnostics import seal
from rounds.loop.evaluation.spreadsheet.adjustment import with_saving
from rounds.loop.evaluation.spreadsheet.asking import insist_on_checks, question_of
from rounds.loop.evaluation.spreadsheet.checks import check
from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS, Method, Scale
from rounds.loop.evaluation.spreadsheet.missing import fit_imputed
from rounds.loop.evaluation.spreadsheet.models import fit
from rounds.loop.evaluation.spreadsheet.question import Fit, Missing, Question, Target
from rounds.loop.evaluation.spreadsheet.summaries import (
    SUMMARIES,
    is_ratio,
    is_share,
)
from rounds.loop.evaluation.spreadsheet.trial import BASELINE, Trial
from rounds.loop.evaluation.spreadsheet.verdicts import Claim, judged, on_claim
from rounds.methods.estimands.margins import Judgement
from rounds.nouns import Diagnostic

__all__ = ["Analysed", "Arm", "analyse_trial"]

_LEAST_UNITS = 2
"""In an arm: one alone is fitted without a residual."""
_FEW = 12
"""Clusters below which one should say so beside any answer."""


@dataclass(frozen=True)
class Arm:
    """One arm, as it was observed."""

    label: str
    n: int
    n_known: int
    n_clusters: int | None
    mean: float | None
    """Of the known outcomes; None while sealed, or where none is known."""


@dataclass(frozen=True)
class Analysed:
    """What can be said of a trial."""

    design: str
    method: Method
    scale: Scale
    level: float
    is_binary: bool
    allowed_for: tuple[str, ...]
    """Of `periods`, `strata` and `covariates`, those that take part."""
    roles: tuple[str, ...]
    """Of further columns."""
    arms: tuple[Arm, Arm]
    """The one that is compared with first."""
    fit: Fit | None
    """None where it is sealed, or cannot be told."""
    claim: Claim | None
    judgement: Judgement | None
    """None where no claim was made, or there is no effect to judge."""
    sealed: str | None
    not_estimable: str | None
    diagnostics: tuple[Diagnostic, ...]
    limitations: tuple[str, ...]


def analyse_trial(
    trial: Trial,
    *,
    method: Method | None = None,
    scale: Scale = "difference",
    level: float = 0.95,
    required: Collection[str] = ("sample_ratio", "missing_outcomes"),
    seed: int = 1,
    horizon: float | None = None,
    target: Target = "persons",
    missing: Missing = "complete",
    claim: Claim | None = None,
) -> Analysed:
    """Estimate the effect of being exposed.

    Parameters
    ----------
    method : str, optional
        One that the design offers; without, its first (of a ratio, `gee`).
    scale : str
        "difference", "risk-ratio" or "odds-ratio" (ratios of outcomes that are 0 or 1,
        by `gee`), or a name of `SUMMARIES`.
    level : float
        Of the interval, in (0, 1).
    required : collection of str
        Checks without whose passing no effect is told. One that the design leaves
        nothing to check for is not required.
    seed : int
        Draws allocations, where a permutation cannot look at all.
    horizon : float, optional
        Up to which mean times go.
    target : {"persons", "clusters"}
        Who counts alike in a standardised risk.
    missing : {"complete", "multiple-imputation"}
        Whether rows without an outcome are left out, or imputed within arms.
    claim : Claim, optional
        What the trial is to show, against a margin.

    Returns
    -------
    Analysed

    Raises
    ------
    DefinitionError
        If the design does not offer the method or the scale, or a check is unknown.
    """
    question = question_of(
        trial,
        method=method,
        scale=scale,
        level=level,
        seed=seed,
        horizon=horizon,
        target=target,
        missing=missing,
    )
    insist_on_checks(required)
    if claim is not None:
        on_claim(claim, scale, is_share=is_share(scale, is_binary=trial.is_binary))
    found, reason = _fitted(trial, question)
    diagnostics = _diagnosed(trial, question, found, required)
    sealed = seal(diagnostics)
    imputes = missing == "multiple-imputation" and not trial.observed.all()
    if imputes and found is not None and not sealed:
        found, reason = _imputed(trial, question, claim)
    if BASELINE in trial.covariates and found is not None and not sealed:
        found = with_saving(trial, question, found)
    return Analysed(
        design=trial.design,
        method=question.method,
        scale=scale,
        level=level,
        is_binary=trial.is_binary,
        allowed_for=_allowed_for(trial, scale),
        roles=tuple(trial.roles),
        arms=_arms(trial, sealed=sealed is not None),
        fit=None if sealed else found,
        claim=claim,
        judgement=None
        if sealed or claim is None or found is None
        else judged(found, claim, scale, level),
        sealed=sealed,
        not_estimable=None if sealed else reason,
        diagnostics=diagnostics,
        limitations=_limitations(trial, scale, None if sealed else found)
        + _on_arms_as_randomised(claim),
    )


def _diagnosed(
    trial: Trial, question: Question, found: Fit | None, required: Collection[str]
) -> tuple[Diagnostic, ...]:
    on_sum = found if found is None or not is_ratio(question.scale) else _logs(found)
    diagnostics = check(
        trial,
        lambda one: _refitted(one, question, found),
        estimate=on_sum.estimate if on_sum else None,
        half_width=_half_width(on_sum),
    )
    return tuple(
        one.model_copy(update={"required": one.required and one.name in required})
        for one in diagnostics
    )


def _allowed_for(trial: Trial, scale: Scale) -> tuple[str, ...]:
    if scale in SUMMARIES and not SUMMARIES[scale].adjusts:
        return ()
    there = {
        "periods": trial.periods is not None,
        "strata": trial.strata is not None,
        "covariates": bool(trial.covariates),
    }
    return tuple(name for name, is_there in there.items() if is_there)


def _fitted(trial: Trial, question: Question) -> tuple[Fit | None, str | None]:
    known = trial.observed
    for arm, label in zip((~trial.active, trial.active), trial.labels, strict=True):
        if not (known & arm).any():
            return None, f"nobody in the arm {label!r} has an outcome that is known"
    lonely = _lonely(trial)
    if lonely is not None:
        unit = "cluster" if trial.clusters is not None else "person"
        return None, f"there is only one {unit} in the arm {lonely!r} with an outcome"
    try:
        found = fit(trial, question)
    except (ValueError, np.linalg.LinAlgError) as error:
        return None, str(error)
    return _bounded(found)


def _imputed(
    trial: Trial, question: Question, claim: Claim | None
) -> tuple[Fit | None, str | None]:
    def conclude(found: Fit) -> str:
        if claim is not None:
            return judged(found, claim, question.scale, question.level).verdict
        none = 1.0 if is_ratio(question.scale) else 0.0
        return "above" if found.lower > none else "below" if found.upper < none else ""

    try:
        found = fit_imputed(trial, question, conclude)
    except (ValueError, np.linalg.LinAlgError) as error:
        return None, str(error)
    return _bounded(found)


def _bounded(found: Fit) -> tuple[Fit | None, str | None]:
    """Refuse an interval that has no end."""
    if not np.isfinite([found.estimate, found.lower, found.upper]).all():
        if found.n_allocations is None:
            return None, "the interval has no bound at this level"
        return None, (
            f"of the {found.n_allocations} allocations that could have been, none is "
            "rare enough to bound the effect at this level: more clusters are needed"
        )
    return found, None


def _lonely(trial: Trial) -> str | None:
    """Give the label of an arm of a parallel trial that has one unit alone.

    Units whose every outcome is unknown do not count.
    """
    if trial.periods is not None or trial.design == "matched-pairs":
        return None
    units = np.arange(len(trial.outcome)) if trial.clusters is None else trial.clusters
    counts = [
        len(np.unique(units[trial.observed & arm]))
        for arm in (~trial.active, trial.active)
    ]
    return trial.labels[int(np.argmin(counts))] if min(counts) < _LEAST_UNITS else None


def _refitted(trial: Trial, question: Question, found: Fit | None) -> float:
    """Give the estimate alone, of some of the trial, on the scale of a sum."""
    horizon = None if found is None else found.details.get("horizon")
    if isinstance(horizon, float):
        question = replace(question, horizon=horizon)
    value = fit(trial, question).estimate
    return float(np.log(value)) if is_ratio(question.scale) else value


def _logs(found: Fit) -> Fit:
    one, lower, upper = np.log([found.estimate, found.lower, found.upper]).tolist()
    return replace(found, estimate=one, lower=lower, upper=upper)


def _half_width(found: Fit | None) -> float | None:
    if found is None:
        return None
    return min(found.estimate - found.lower, found.upper - found.estimate)


def _arms(trial: Trial, *, sealed: bool) -> tuple[Arm, Arm]:
    one, other = (
        _arm(trial, member, label, sealed=sealed)
        for member, label in zip(
            (~trial.active, trial.active), trial.labels, strict=True
        )
    )
    return one, other


def _arm(trial: Trial, member: np.ndarray, label: str, *, sealed: bool) -> Arm:
    known = member & trial.observed
    clusters = trial.clusters
    return Arm(
        label=label,
        n=int(member.sum()),
        n_known=int(known.sum()),
        n_clusters=None if clusters is None else len(np.unique(clusters[member])),
        mean=None if sealed or not known.any() else _mean(trial, known),
    )


def _mean(trial: Trial, known: np.ndarray) -> float:
    """Give the mean outcome; of counts with time at risk, the rate."""
    n = (
        trial.roles["exposure"][known].sum()
        if "exposure" in trial.roles
        else known.sum()
    )
    return float(trial.outcome[known].sum() / n)


def _limitations(trial: Trial, scale: Scale, found: Fit | None) -> tuple[str, ...]:
    assumed = SHEET_DESIGNS[trial.design].assumes
    if scale in SUMMARIES:
        assumed += SUMMARIES[scale].assumes
        if trial.strata is not None and not SUMMARIES[scale].adjusts:
            assumed += ("Strata are left unread, which widens the interval.",)
    said = [f"Assumed: {one}" for one in assumed]
    n_unknown = int((~trial.observed).sum())
    is_imputed = found is not None and "imputations" in found.details
    if n_unknown and not is_imputed:
        said.append(
            f"{n_unknown} of {len(trial.outcome)} rows have no outcome and are left "
            "out, as if they were like the others of their arm."
        )
    if trial.n_filled:
        said.append(
            f"{trial.n_filled} of {len(trial.outcome)} rows have no baseline and were "
            "given the mean of all, which leaves the effect unbiased."
        )
    n_clusters = 0 if trial.clusters is None else len(np.unique(trial.clusters))
    if 0 < n_clusters < _FEW:
        said.append(
            f"{n_clusters} clusters are few: intervals rest on the "
            "correction for it, and a chance imbalance between arms is likely."
        )
    if found is not None and found.n_allocations is not None:
        said.append(
            f"Judged against {found.n_allocations:,} allocations; exact if exposure "
            "adds the same to everybody's outcome."
        )
    return (*said, *(found.notes if found is not None else ()))


def _on_arms_as_randomised(claim: Claim | None) -> tuple[str, ...]:
    if claim is None or claim.hypothesis == "superiority":
        return ()
    note = (
        "Whatever makes the arms alike (care not given, outcomes misread) speaks for "
        f"{claim.hypothesis}: look at the effect among those who were treated too."
    )
    return (note,)
