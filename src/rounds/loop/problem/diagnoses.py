"""Diagnoses from before the day that counts, in a case-mix model; and what they add.

A model that knows more always fits the patients that it was fitted to better. So it is
judged, with diagnoses and without, on patients that it has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from rounds.datamart.comorbidities import LOOKBACK_DAYS, Comorbidities
from rounds.methods.case_mix.calibration import c_statistic, calibration
from rounds.methods.case_mix.regression import fit_regression
from rounds.nouns import Diagnoses, Estimate, ModelFit, NotEstimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rounds.methods.funnels.funnel import Funnel

__all__ = ["Had", "had_before", "model_fit", "what_they_add"]

_FEWEST: Final = 20
"""Patients who are in a group, and who are not, for a coefficient of its own."""
_FOLDS: Final = 5
_MOST: Final = 3
"""From so many groups on, a patient's number of them is taken to be this."""


@dataclass(frozen=True, kw_only=True)
class Had:
    """The columns that diagnoses give a model."""

    columns: dict[str, NDArray[np.float64]]
    """Name → shape (n_patients,)."""
    groups: tuple[str, ...]
    """Those with a column of their own."""
    number: NDArray[np.int64]
    """Shape (n_patients,): of the groups, how many the patient is in."""
    recorded: NDArray[np.bool_]
    """Shape (n_patients,): whether any diagnosis was recorded before at all."""


def had_before(
    found: Comorbidities | NotEstimable, counted: NDArray[np.bool_], room: int
) -> Had | NotEstimable:
    """Make columns of diagnoses, as many as the outcomes can bear.

    Parameters
    ----------
    found : Comorbidities or NotEstimable
        Of a measure's rows.
    counted : ndarray of bool, shape (n_rows,)
        Which of these are in the denominator.
    room : int
        How many coefficients there may be.

    Returns
    -------
    Had or NotEstimable
        A column for each group with patients enough in it and out of it, the others
        as a number, and one for those of whom nothing was recorded; how many groups a
        patient is in, where the outcomes cannot bear that; or why neither will do.
    """
    if isinstance(found, NotEstimable):
        return NotEstimable(reason=f"Not adjusted for diagnoses: {found.reason}")
    each = {title: who[counted] for title, who in found.groups.items()}
    recorded = found.recorded[counted]
    own = tuple(title for title, who in each.items() if _can_be_told(who))
    rarer = [who for title, who in each.items() if title not in own and not who.all()]
    number = _how_many(list(each.values()), recorded.size)
    unknown = {}
    if _can_be_told(~recorded):
        unknown = {"no diagnosis recorded": (~recorded).astype(float)}
    columns = {title: each[title].astype(float) for title in own}
    together = _how_many(rarer, recorded.size)
    if _can_be_told(together > 0):
        columns["rarer groups"] = together.astype(float)
    if not columns:
        return NotEstimable(
            reason="Not adjusted for diagnoses: too few patients are in any of the "
            "groups, or nearly all are."
        )
    if len(columns) + len(unknown) > room:
        own, columns = (), {"groups": np.minimum(number, _MOST).astype(float)}
    if len(columns) + len(unknown) > room:
        return NotEstimable(
            reason="Not adjusted for diagnoses: too few patients met the measure, or "
            "did not, for another coefficient."
        )
    return Had(columns=columns | unknown, groups=own, number=number, recorded=recorded)


def what_they_add(
    had: Had,
    site: NDArray[np.str_],
    before: ModelFit | None,
    after: ModelFit,
) -> Diagnoses:
    """Say what is known of patients with their diagnoses, and what without.

    Parameters
    ----------
    had : Had
        What was used.
    site : ndarray of str, shape (n_patients,)
        Where each was cared for; empty where that is not known.
    before, after : ModelFit
        Without diagnoses, None where nothing else is adjusted for; and with them.

    Returns
    -------
    Diagnoses
        With how many groups sites write down, since who writes less down looks
        healthier than they are.

    References
    ----------
    .. [1] Mohammed MA, Deeks JJ, Girling A, et al. Evidence of methodological bias in
       hospital standardised mortality ratios. BMJ 2009;338:b780 (abstract): what the
       Charlson index stands for differs by how hospitals code.
    """
    names, index = np.unique(site, return_inverse=True)
    size = np.bincount(index)
    enough = (size >= _FEWEST) & (names != "")
    depth = np.bincount(index, weights=had.number)[enough] / size[enough]
    low, high = np.quantile(depth, [0.1, 0.9]) if depth.size else (0.0, 0.0)
    told = _can_be_told(had.recorded)
    return Diagnoses(
        groups=had.groups,
        counted_as="groups" if had.groups else "number",
        lookback_days=LOOKBACK_DAYS,
        recorded=round(float(had.recorded.mean()), 2) if told else None,
        depth_low=round(float(low), 2),
        depth_high=round(float(high), 2),
        before=before,
        after=after,
    )


def model_fit(
    met: NDArray[np.float64],
    design: NDArray[np.float64],
    plot: Funnel,
    called: Sequence[str],
) -> ModelFit:
    """Judge a logistic model on patients that it was not fitted to.

    Parameters
    ----------
    met : ndarray of float, shape (n_patients,)
        0 or 1.
    design : ndarray of float, shape (n_patients, n_columns)
        What the model knows.
    plot : Funnel
        Of sites, against what the model expects of them when fitted to all.
    called : sequence of str
        The sites' names, in the funnel's order.

    Returns
    -------
    ModelFit
        By five folds: each fifth of patients judged by a model of the others.

    Raises
    ------
    ValueError
        If a fold cannot be fitted, or all are expected to be alike.
    """
    expected = np.empty(met.size)
    fold = np.arange(met.size) % _FOLDS
    for one in range(_FOLDS):
        out = fold == one
        fit = fit_regression("logistic", met[~out], design[~out])
        expected[out] = fit.predict(design[out])
    expected = np.clip(expected, 1e-9, 1 - 1e-9)
    found, fitted = c_statistic(met, expected), calibration(met, expected)
    size = np.array([group.n for group in fitted.groups])
    apart = [abs(group.observed - group.expected) for group in fitted.groups]
    name = np.asarray(called)
    return ModelFit(
        c_statistic=Estimate(
            value=found.value,
            lower=found.lower,
            upper=found.upper,
            scale="index",
            n=int(met.size),
            estimand="Discrimination among patients that the model has not seen",
            method=(
                "Area under the ROC curve, DeLong's interval; five-fold "
                "cross-validation"
            ),
        ),
        calibration_slope=fitted.slope,
        calibration_error=float(np.average(apart, weights=size)),
        outliers_low=tuple(name[plot.low].tolist()),
        outliers_high=tuple(name[plot.high].tolist()),
    )


def _how_many(
    groups: Sequence[NDArray[np.bool_]], n_patients: int
) -> NDArray[np.int64]:
    """Count the groups that each patient is in."""
    number = np.zeros(n_patients, dtype=np.int64)
    for who in groups:
        number += who
    return number


def _can_be_told(who: NDArray[np.bool_]) -> bool:
    return bool(_FEWEST <= who.sum() <= who.size - _FEWEST)
