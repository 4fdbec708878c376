"""Adjusting for the outcome's own value before the trial, and what it saves."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.models import fit
from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.trial import BASELINE, Trial
from rounds.methods.estimands.baseline import saving

__all__ = ["with_saving"]

Floats = NDArray[np.float64]


def with_saving(trial: Trial, question: Question, found: Fit) -> Fit:
    """Add what the baseline saves to a fit that is adjusted for it.

    Parameters
    ----------
    trial : Trial
        With a baseline among its covariates; those whose outcome is unknown are left
        out of this comparison.
    question : Question
        As of the fit.
    found : Fit
        Adjusted.

    Returns
    -------
    Fit
        The same, with a note and details; where the method gives no standard error,
        with a note that says so.
    """
    others = {name: v for name, v in trial.covariates.items() if name != BASELINE}
    plain = replace(question, missing="complete")
    try:
        ses = [fit(one, plain).se for one in (trial, replace(trial, covariates=others))]
        known = trial.observed
        saved = saving(
            trial.outcome[known],
            trial.covariates[BASELINE][known, 0],
            trial.active[known],
            se_with=ses[0] or 0.0,
            se_without=ses[1] or 0.0,
        )
    except (ValueError, np.linalg.LinAlgError) as error:
        note = f"What the baseline saves cannot be told: {error}."
        return replace(found, notes=(*found.notes, note))
    share = saved.variance_saved
    note = (
        f"Adjusting for the baseline (correlation {saved.correlation:.2f} within arms) "
        + (
            f"saves {share:.0%} of the effect's variance, as {1 / (1 - share):.2f} "
            "times as many units would."
            if share > 0
            else f"saves nothing: the effect's variance is {-share:.0%} larger."
        )
    )
    details = {
        **found.details,
        "baseline_correlation": saved.correlation,
        "variance_saved": share,
    }
    return replace(found, details=details, notes=(*found.notes, note))
