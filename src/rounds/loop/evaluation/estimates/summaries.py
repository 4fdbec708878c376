"""The summary measure that the protocol asks for, fitted where effects add."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs import design_of
from rounds.loop.evaluation.designs.design import AdditiveFit
from rounds.loop.evaluation.participants import Participants
from rounds.methods.clusters.design_matrix import without_repeats
from rounds.methods.clusters.gee import Family, GeeFit, gee
from rounds.methods.estimands.standardised_rate import (
    StandardisedRate,
    standardised_rate,
)
from rounds.methods.estimands.standardised_risk import Target, standardised_risk
from rounds.methods.survival.cox import CoxFit, cox
from rounds.methods.survival.kaplan_meier import compare_rmst
from rounds.nouns import Estimand, Protocol

__all__ = ["BY_LEAST_SQUARES", "OF_SHARES", "OF_TIMES", "Asked", "fit_summary"]

Floats = NDArray[np.float64]

BY_LEAST_SQUARES = ("risk_difference", "mean_difference")
OF_SHARES = ("risk_difference", "risk_ratio", "odds_ratio")
OF_TIMES = ("rate_ratio", "hazard_ratio", "rmst_difference")
"""Summaries that a measure with a time for each participant answers."""

_FEWEST_MORE = 2
"""Clusters needed beyond the columns; with fewer, patients who were randomised one by
one stand for themselves."""


@dataclass(frozen=True, repr=False)
class Asked:
    """What is asked of whom.

    Parameters
    ----------
    people : Participants
    protocol : Protocol
    estimand : Estimand
        Its summary measure is none of `BY_LEAST_SQUARES`.
    columns : list of array, shape (n_participants,)
        The arm first, then others, a constant among them.
    """

    people: Participants
    protocol: Protocol
    estimand: Estimand
    columns: list[Floats]

    @property
    def target(self) -> Target:
        """Whose average is asked for, as the methods call it."""
        return "clusters" if self.estimand.weighting == "clusters" else "persons"

    def clusters(self, n_columns: int) -> NDArray[np.str_] | None:
        """Give the clusters of those whose outcome is known; None: each on their own.

        Where patients were randomised within clinics, and there are too few clinics
        for the columns, a patient is a unit, as the allocation has it.
        """
        known = self.people.observed
        found = design_of(self.protocol).clusters(self.people)
        if found is None:
            return None
        found = found[known]
        enough = len(np.unique(found)) >= n_columns + _FEWEST_MORE
        if self.protocol.unit_of_randomisation == "patient" and not enough:
            return None
        return found


def fit_summary(asked: Asked, column: int = 0) -> tuple[AdditiveFit, str]:
    """Fit one summary measure.

    Parameters
    ----------
    column : int
        Which of the columns is asked about: 0 is the arm; another, an interaction
        with it, is fitted within the model and standardised over nobody.

    Returns
    -------
    fit : AdditiveFit
        Of a ratio, on its logarithm.
    method : str
        Estimator and interval, and whose average it is, in words.

    Raises
    ------
    ValueError
        As the methods: where the data cannot give a number, the reason.
    """
    if column:
        return _interaction(asked, column)
    ways = {
        "risk_ratio": _risks,
        "odds_ratio": _risks,
        "rate_ratio": _rates,
        "hazard_ratio": _hazards,
        "rmst_difference": _mean_times,
    }
    return ways[asked.estimand.summary_measure](asked)


def _matrix(asked: Asked, column: int = 0) -> tuple[Floats, int]:
    known = asked.people.observed
    return without_repeats(np.column_stack(asked.columns)[known], column)


def _whose(clusters: NDArray[np.str_] | None, asked: Asked) -> str:
    """Say by what the variance is summed, and what counts alike."""
    unit = design_of(asked.protocol).unit.removesuffix("s")
    by = "patient"
    if clusters is not None and np.isin(clusters, asked.people.clinic).all():
        by = "clinic"
    one = "visit" if unit == "visit" else "patient"
    alike = "clinic" if asked.estimand.weighting == "clusters" else one
    return (
        f"by {by}, corrected for few (Fay and Graubard), units less columns as degrees "
        f"of freedom; each {alike} counts alike"
    )


def _risks(asked: Asked) -> tuple[AdditiveFit, str]:
    X, _ = _matrix(asked)
    clusters = asked.clusters(X.shape[1])
    odds = asked.estimand.summary_measure == "odds_ratio"
    found = standardised_risk(
        asked.people.outcome[asked.people.observed],
        X,
        clusters,
        target=asked.target,
        ratio=not odds,
        odds=odds,
        level=asked.protocol.level,
    )
    fitted = AdditiveFit(
        float(np.log(found.estimate)),
        float(np.log(found.lower)),
        float(np.log(found.upper)),
        se=found.se,
        df=found.df,
        p_value=found.p_value,
        n=found.n,
    )
    what = "two risks standardised over everybody's covariates by a logistic model"
    return fitted, f"{what}, influence functions summed {_whose(clusters, asked)}"


def _rates(asked: Asked) -> tuple[AdditiveFit, str]:
    known = asked.people.observed
    X, _ = _matrix(asked)
    clusters = asked.clusters(X.shape[1])
    found = standardised_rate(
        asked.people.outcome[known],
        _times(asked),
        X,
        clusters,
        target=asked.target,
        level=asked.protocol.level,
    )
    fitted = _read_from(found)
    what = "two rates standardised over everybody's covariates by a log-linear model"
    whose = _whose(clusters, asked)
    if asked.target == "persons":
        whose = whose.rpartition(";")[0] + "; all time at risk counts alike"
    return fitted, f"{what}, influence functions summed {whose}"


def _hazards(asked: Asked) -> tuple[AdditiveFit, str]:
    return _cox(asked, 0)


def _cox(asked: Asked, column: int) -> tuple[AdditiveFit, str]:
    known = asked.people.observed
    arm, event = asked.people.active[known], asked.people.outcome[known]
    if not (event[arm].any() and event[~arm].any()):
        raise ValueError("an arm has no event; a ratio of hazards has no interval")
    # Without a column that is the same for all: the baseline hazard is free.
    varying = [i for i, each in enumerate(asked.columns) if np.ptp(each[known]) > 0]
    by_clinic = asked.protocol.unit_of_randomisation == "clinic"
    if by_clinic:
        # Fay and Graubard's correction does not see what clinics' own covariates take
        # from few of them: with two, no effect was taken for one in 11% of trials of
        # 16 clinics (tests/truth/test_evaluation_estimands.py). So arm alone.
        constant = next(i for i, each in enumerate(asked.columns) if (each == 1).all())
        varying = [i for i in varying if i < constant]
    chosen = np.column_stack([asked.columns[i] for i in varying])[known]
    centred = chosen - chosen.mean(axis=0)
    X, column = without_repeats(centred, varying.index(column))
    clusters = asked.clusters(X.shape[1] + 1)
    # On their own, persons are clusters of one: the model need not hold for its error.
    found = cox(
        _times(asked),
        event,
        X,
        np.arange(len(event)) if clusters is None else clusters,
        column=column,
        level=asked.protocol.level,
    )
    said = ""
    if found.proportionality and not column:
        p_value = found.proportionality[column].p_value
        said = f"; the hazards' proportionality, tested beside it: p = {p_value:.2g}"
    fitted = _read_from(found)
    what = "Cox's regression, Efron's ties, Lin and Wei's standard errors"
    if by_clinic:
        said = f", not adjusted for covariates{said}"
    return fitted, f"{what} {_whose(clusters, asked)}{said}"


def _mean_times(asked: Asked) -> tuple[AdditiveFit, str]:
    known = asked.people.observed
    by_clinic = asked.protocol.unit_of_randomisation == "clinic"
    clusters = design_of(asked.protocol).clusters(asked.people) if by_clinic else None
    horizon = float(asked.protocol.follow_up_days)
    found = compare_rmst(
        _times(asked),
        asked.people.outcome[known],
        asked.people.active[known],
        horizon,
        None if clusters is None else clusters[known],
        level=asked.protocol.level,
    )
    fitted = AdditiveFit(
        found.estimate,
        found.lower,
        found.upper,
        se=found.se,
        df=float("inf") if found.df is None else found.df,
        p_value=found.p_value,
        n=int(known.sum()),
    )
    error = (
        "the jackknife's standard errors by clinic, clinics less two as degrees of "
        "freedom"
        if by_clinic
        else "Greenwood's standard errors"
    )
    return fitted, (
        f"the areas under Kaplan and Meier's curves up to day {horizon:g}, {error}, "
        "not adjusted for covariates; each patient counts alike"
    )


def _interaction(asked: Asked, column: int) -> tuple[AdditiveFit, str]:
    """Fit an arm-by-group term within the model of the summary."""
    summary = asked.estimand.summary_measure
    if asked.target == "clusters":
        raise ValueError("averages of clinics are compared by arm alone, as yet")
    if summary == "rmst_difference":
        raise ValueError("mean times are compared by arm alone, as yet")
    if summary == "hazard_ratio":
        return _cox(asked, column)
    known = asked.people.observed
    X, column = _matrix(asked, column)
    clusters = asked.clusters(X.shape[1])
    families: dict[str, Family] = {"odds_ratio": "binomial"}
    found = gee(
        asked.people.outcome[known],
        X,
        np.arange(int(known.sum())) if clusters is None else clusters,
        column=column,
        family=families.get(summary, "poisson"),
        offset=np.log(_times(asked)) if summary == "rate_ratio" else None,
        exchangeable=False,
        level=asked.protocol.level,
    )
    fitted = _read_from(found)
    model = "logistic" if summary == "odds_ratio" else "log-linear"
    whose = _whose(clusters, asked).rpartition(";")[0]
    return fitted, f"arm-by-group term of a {model} model, variance summed {whose}"


def _read_from(found: CoxFit | GeeFit | StandardisedRate) -> AdditiveFit:
    return AdditiveFit(
        found.estimate,
        found.lower,
        found.upper,
        se=found.se,
        df=float("inf") if found.df is None else found.df,
        p_value=found.p_value,
        n=found.n,
    )


def _times(asked: Asked) -> Floats:
    time = asked.people.time
    if time is None:
        raise ValueError("the measure gives no time for each participant")
    return time[asked.people.observed]
