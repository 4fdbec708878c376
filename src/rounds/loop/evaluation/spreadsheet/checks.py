"""May the answer be trusted? The checks that a spreadsheet alone allows."""

from collections.abc import Callable

import numpy as np

from rounds.loop.evaluation.checks.diagnostics import MISSING_MARGIN, P_MISSING
from rounds.loop.evaluation.spreadsheet.designs import SHEET_DESIGNS
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.loop.evaluation.wording import share_in_words
from rounds.methods.allocations.sample_ratio import arm_ratio
from rounds.methods.shares import arm_difference
from rounds.nouns import Diagnostic

__all__ = ["P_RATIO", "SHEET_CHECKS", "check"]

SHEET_CHECKS = ("sample_ratio", "missing_outcomes", "influence")
"""The names that `--required` knows."""

P_RATIO = 0.001
_MOST_INFLUENCE = 0.5
"""Of the way from the estimate to the nearer end of its interval: about a standard
error."""
_MOST_LEFT_OUT = 200

Refit = Callable[[Trial], float]


def check(
    trial: Trial,
    refit: Refit | None,
    *,
    estimate: float | None = None,
    half_width: float | None = None,
) -> tuple[Diagnostic, ...]:
    """Run every check there is.

    Parameters
    ----------
    trial : Trial
        As it was read.
    refit : callable, optional
        Trial → estimate; None where there is none to refit.
    estimate, half_width : float, optional
        Of the effect, on the scale on which it is a sum.

    Returns
    -------
    tuple of Diagnostic
        In the order of `SHEET_CHECKS`. One that the design leaves nothing to check for
        is not `required`; one that could not be checked may be.
    """
    return (
        _sample_ratio(trial),
        _missing_outcomes(trial),
        _influence(trial, refit, estimate, half_width),
    )


def _sample_ratio(trial: Trial) -> Diagnostic:
    kind = SHEET_DESIGNS[trial.design]
    question = f"Are there as many {kind.unit} in each arm as were randomised?"
    if kind.in_periods or trial.design == "matched-pairs":
        return _not_asked(
            "sample_ratio", question, "the design itself says how many are in each arm."
        )
    if trial.schedule is None:
        n_active, n = int(trial.active.sum()), len(trial.active)
    else:
        n_active, n = int(trial.schedule[:, 0].sum()), len(trial.schedule)
    value = arm_ratio(n_active, n - n_active)
    return Diagnostic(
        name="sample_ratio",
        question=question,
        value=value,
        threshold=P_RATIO,
        verdict="fail" if value < P_RATIO else "pass",
        detail=f"{n_active} {kind.unit} were exposed and {n - n_active} were not; "
        "one to one was expected.",
    )


def _missing_outcomes(trial: Trial) -> Diagnostic:
    question = "Are outcomes known equally often in both arms?"
    known, active = trial.observed, trial.active
    _, p_value = arm_difference(known, active, trial.clusters, MISSING_MARGIN)
    with_it, without = (
        share_in_words(int(known[arm].sum()), int(arm.sum()))
        for arm in (active, ~active)
    )
    return Diagnostic(
        name="missing_outcomes",
        question=question,
        value=p_value,
        threshold=P_MISSING,
        verdict="fail" if p_value < P_MISSING else "pass",
        detail=f"known for {with_it} exposed and {without} others; a difference of "
        f"{MISSING_MARGIN:.0%} would not matter.",
    )


def _influence(
    trial: Trial,
    refit: Refit | None,
    estimate: float | None,
    half_width: float | None,
) -> Diagnostic:
    """Leave out each cluster in turn."""
    question = "Does the answer hang on one cluster?"
    if trial.clusters is None or trial.design == "matched-pairs":
        return _not_asked("influence", question, "the design has no such clusters.")
    n = int(trial.clusters.max()) + 1
    if refit is None or estimate is None or half_width is None:
        return _unchecked("influence", question, "there is no estimate.")
    if n > _MOST_LEFT_OUT:
        return _not_asked("influence", question, f"with {n} clusters none weighs much.")
    moved = []
    for cluster in range(n):
        try:
            moved.append(abs(refit(_without(trial, cluster)) - estimate))
        except ValueError:
            return _unchecked(
                "influence", question, "without one of its clusters it gives no answer."
            )
    value = float(max(moved)) / half_width
    return Diagnostic(
        name="influence",
        question=question,
        value=value,
        threshold=_MOST_INFLUENCE,
        verdict="fail" if value > _MOST_INFLUENCE else "pass",
        detail=f"leaving out one of {n} clusters moves the estimate by at most "
        f"{value:.0%} of the way to the end of its interval.",
    )


def _without(trial: Trial, cluster: int) -> Trial:
    """Give the trial without one of its clusters."""
    assert trial.clusters is not None
    kept = trial.clusters != cluster
    # Strata and schedule are of clusters, where these were randomised whole.
    schedule, rows = trial.schedule, kept
    if schedule is not None:
        rows = np.arange(len(schedule)) != cluster
    return Trial(
        design=trial.design,
        outcome=trial.outcome[kept],
        active=trial.active[kept],
        labels=trial.labels,
        clusters=np.unique(trial.clusters[kept], return_inverse=True)[1],
        periods=None if trial.periods is None else trial.periods[kept],
        strata=None if trial.strata is None else trial.strata[rows],
        schedule=None if schedule is None else schedule[rows],
        covariates={name: some[kept] for name, some in trial.covariates.items()},
        roles={name: some[kept] for name, some in trial.roles.items()},
    )


def _not_asked(name: str, question: str, why: str) -> Diagnostic:
    """Say that the design leaves nothing to check for: it cannot be required."""
    return _unchecked(name, question, why).model_copy(update={"required": False})


def _unchecked(name: str, question: str, why: str) -> Diagnostic:
    return Diagnostic(name=name, question=question, verdict="not_evaluated", detail=why)
