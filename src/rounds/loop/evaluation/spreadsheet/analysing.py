"""Checks, then the effect: an estimate, a sealed reason, or why there is none."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from rounds.loop.evaluation.diagnostics import seal
from rounds.loop.evaluation.spreadsheet.checks import SHEET_CHECKS, check
from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS, Method, Scale
from rounds.loop.evaluation.spreadsheet.models import Fit, fit
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.nouns import DefinitionError, Diagnostic

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
    arms: tuple[Arm, Arm]
    """The one that is compared with first."""
    fit: Fit | None
    """None where it is sealed, or cannot be told."""
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
) -> Analysed:
    """Estimate the effect of being exposed.

    Parameters
    ----------
    method : str, optional
        One that the design offers; without, its first (of a ratio, `gee`).
    scale : {"difference", "risk-ratio", "odds-ratio"}
        Ratios are of outcomes that are 0 or 1, by `gee`.
    level : float
        Of the interval, in (0, 1).
    required : collection of str
        Checks without whose passing no effect is told. One that the design leaves
        nothing to check for is not required.
    seed : int
        Draws allocations, where a permutation cannot look at all.

    Returns
    -------
    Analysed

    Raises
    ------
    DefinitionError
        If the design does not offer the method or the scale, or a check is unknown.
    """
    chosen = _method(trial, method, scale)
    if seed < 0:
        raise _asked(f"--seed {seed} is below 0.", "--seed 1")
    if not 0 < level < 1:
        raise _asked(f"--level {level} is not between 0 and 1.", "--level 0.95")
    unknown = set(required) - set(SHEET_CHECKS)
    if unknown:
        raise _asked(
            f"There is no check {min(unknown)!r}.",
            f"Choose among {', '.join(SHEET_CHECKS)}, or none.",
        )
    found, reason = _fitted(trial, chosen, scale, level=level, seed=seed)
    on_sum = found if scale == "difference" or found is None else _logs(found)
    diagnostics = check(
        trial,
        lambda one: _refitted(one, chosen, scale, level=level, seed=seed),
        estimate=on_sum.estimate if on_sum else None,
        half_width=_half_width(on_sum),
    )
    diagnostics = tuple(
        one.model_copy(update={"required": one.required and one.name in required})
        for one in diagnostics
    )
    sealed = seal(diagnostics)
    return Analysed(
        design=trial.design,
        method=chosen,
        scale=scale,
        level=level,
        is_binary=trial.is_binary,
        allowed_for=_allowed_for(trial),
        arms=_arms(trial, sealed=sealed is not None),
        fit=None if sealed else found,
        sealed=sealed,
        not_estimable=None if sealed else reason,
        diagnostics=diagnostics,
        limitations=_limitations(trial, None if sealed else found),
    )


def _allowed_for(trial: Trial) -> tuple[str, ...]:
    there = {
        "periods": trial.periods is not None,
        "strata": trial.strata is not None,
        "covariates": bool(trial.covariates),
    }
    return tuple(name for name, is_there in there.items() if is_there)


def _method(trial: Trial, method: Method | None, scale: Scale) -> Method:
    offered = SHEET_DESIGNS[trial.design].methods
    if method is None:
        method = offered[0] if scale == "difference" else "gee"
    if method not in offered:
        raise _asked(
            f"A {trial.design} trial is not analysed by {method!r}.",
            f"Choose --method {' or '.join(offered)}"
            + ("" if scale == "difference" else ", and --scale difference")
            + ".",
        )
    if scale != "difference" and method != "gee":
        raise _asked(
            f"{method!r} gives differences, no {scale}.",
            "Choose --method gee, or --scale difference.",
        )
    if scale != "difference" and not trial.is_binary:
        raise _asked(
            f"A {scale} is of an outcome that is 0 or 1.",
            "Choose --scale difference.",
        )
    return method


def _asked(what: str, remedy: str) -> DefinitionError:
    return DefinitionError(what, code="trial-asked", remedies=(remedy,))


def _fitted(
    trial: Trial, method: Method, scale: Scale, *, level: float, seed: int
) -> tuple[Fit | None, str | None]:
    known = trial.observed
    for arm, label in zip((~trial.active, trial.active), trial.labels, strict=True):
        if not (known & arm).any():
            return None, f"nobody in the arm {label!r} has an outcome that is known"
    lonely = _lonely(trial)
    if lonely is not None:
        unit = "cluster" if trial.clusters is not None else "person"
        return None, f"there is only one {unit} in the arm {lonely!r} with an outcome"
    try:
        found = fit(trial, method, scale, level=level, seed=seed)
    except (ValueError, np.linalg.LinAlgError) as error:
        return None, str(error)
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


def _refitted(
    trial: Trial, method: Method, scale: Scale, *, level: float, seed: int
) -> float:
    found = fit(trial, method, scale, level=level, seed=seed)
    return found.estimate if scale == "difference" else float(np.log(found.estimate))


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
        mean=None if sealed or not known.any() else float(trial.outcome[known].mean()),
    )


def _limitations(trial: Trial, found: Fit | None) -> tuple[str, ...]:
    kind = SHEET_DESIGNS[trial.design]
    said = [f"Assumed: {one}" for one in kind.assumes]
    n_unknown = int((~trial.observed).sum())
    if n_unknown:
        said.append(
            f"{n_unknown} of {len(trial.outcome)} rows have no outcome and are left "
            "out, as if they were like the others of their arm."
        )
    if trial.schedule is not None and len(trial.schedule) < _FEW:
        said.append(
            f"{len(trial.schedule)} clusters are few: intervals rest on the "
            "correction for it, and a chance imbalance between arms is likely."
        )
    if found is not None and found.n_allocations is not None:
        said.append(
            f"Judged against {found.n_allocations:,} allocations; exact if exposure "
            "adds the same to everybody's outcome."
        )
    return tuple(said)
