"""Missing outcomes: imputed within arms, pooled, and shifted until it matters."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.models import design_matrix, fit
from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.summaries import is_ratio
from rounds.loop.evaluation.spreadsheet.trial import Trial
from rounds.methods.estimands.imputation import Imputations, impute
from rounds.methods.estimands.rubin import Pooled, pool_imputations

__all__ = ["fit_imputed", "imputations_for"]

Floats = NDArray[np.float64]

_LEAST, _MOST = 20, 100
_TIPPING = 20
"""Draws for each row of the table: its ends need no more."""
_SHIFTS = np.arange(-3, 3.01, 0.5)
_PROBIT = 0.6
"""A probit for one log odds, about."""


def imputations_for(share: float) -> int:
    """Say how many imputations a share of missing outcomes asks for.

    Parameters
    ----------
    share : float
        Missing, of all.

    Returns
    -------
    int
        As many as there are percent missing (White, Royston and Wood 2011, Multiple
        imputation using chained equations, Statistics in Medicine 30:377-399, section
        7), from 20 to 100.
    """
    return min(max(_LEAST, math.ceil(100 * share)), _MOST)


def fit_imputed(
    trial: Trial, question: Question, conclude: Callable[[Fit], str]
) -> Fit:
    """Impute within arms, fit each completed trial, and pool.

    Parameters
    ----------
    trial : Trial
        Whose design is of persons or of clusters in parallel.
    question : Question
        Of a method that gives a standard error.
    conclude : callable
        Fit → what it shows; the table of shifts says where that changes.

    Raises
    ------
    ValueError
        As `impute`, or as the method on a completed trial.
    """
    m = imputations_for(float((~trial.observed).mean()))
    rng = np.random.default_rng(question.seed)
    arms = _imputed(trial, m, rng)
    found = _pooled(trial, question, arms, m, 0.0)
    shifts = _SHIFTS * _unit(trial)
    table = [
        _row(trial, question, arms, m=min(m, _TIPPING), shift=s, conclude=conclude)
        for s in shifts.tolist()
    ]
    pooled, one = found
    n = int((~trial.observed).sum())
    note = (
        f"{n} of {len(trial.outcome)} outcomes are missing and were imputed {m} times, "
        "within arms, from "
        f"{', '.join([*trial.covariates, *_also(trial)]) or 'the arm alone'}: right if "
        "those missing are like those known with the same values of these."
    )
    return replace(
        one,
        lead=_lead(trial, arms),
        details={
            **one.details,
            "n_imputed": n,
            "imputations": m,
            "fraction_missing": pooled.fraction_missing,
            "tipping": table,
        },
        notes=(note, _on_tipping(trial, table)),
    )


def _also(trial: Trial) -> list[str]:
    strata = ["strata"] if trial.strata is not None else []
    return [*strata, *(["clusters"] if trial.clusters is not None else [])]


def _imputed(
    trial: Trial, m: int, rng: np.random.Generator
) -> tuple[Imputations, Imputations]:
    columns = design_matrix(trial)[:, 2:]
    found = []
    for arm, label in zip((~trial.active, trial.active), trial.labels, strict=True):
        clusters = None if trial.clusters is None else trial.clusters[arm]
        try:
            one = impute(trial.outcome[arm], columns[arm], clusters, m=m, rng=rng)
        except ValueError as error:
            raise ValueError(f"the arm {label!r} cannot be imputed: {error}") from error
        found.append(one)
    return found[0], found[1]


def _completed(
    trial: Trial, arms: tuple[Imputations, Imputations], m: int, shift: float
) -> Floats:
    """Complete outcomes, those missing in the active arm shifted; shape (m, n)."""
    found = np.tile(trial.outcome, (m, 1))
    for arm, one, by in zip(
        (~trial.active, trial.active), arms, (0.0, shift), strict=True
    ):
        found[:, arm] = one.completed(trial.outcome[arm], by)[:m]
    return found


def _pooled(
    trial: Trial,
    question: Question,
    arms: tuple[Imputations, Imputations],
    m: int,
    shift: float,
) -> tuple[Pooled, Fit]:
    fits = [
        fit(replace(trial, outcome=outcome), question)
        for outcome in _completed(trial, arms, m, shift)
    ]
    values = np.array([one.estimate for one in fits])
    ratio = is_ratio(question.scale)
    errors = np.array([one.se for one in fits], dtype=float)
    complete = float(np.mean([one.df for one in fits if one.df is not None]))
    sums = np.log(values) if ratio else values
    pooled = pool_imputations(sums, errors, complete, level=question.level)
    ends = np.array([pooled.estimate, pooled.lower, pooled.upper])
    estimate, lower, upper = (np.exp(ends) if ratio else ends).tolist()
    one = Fit(
        estimate,
        lower,
        upper,
        pooled.p_value,
        pooled.df,
        se=pooled.se,
        notes=fits[0].notes,
    )
    return pooled, one


def _unit(trial: Trial) -> float:
    """Give one step of a shift: a standard deviation, or a log odds."""
    if not trial.is_binary:
        return float(trial.outcome[trial.observed].std())
    return _PROBIT if trial.clusters is not None else 1.0


def _row(
    trial: Trial,
    question: Question,
    arms: tuple[Imputations, Imputations],
    *,
    m: int,
    shift: float,
    conclude: Callable[[Fit], str],
) -> dict[str, Any]:
    told: dict[str, Any] = {"shift": float(shift)}
    some = _completed(trial, arms, m, shift)[:, trial.active & ~trial.observed]
    told["mean_imputed"] = float(some.mean()) if some.size else None
    try:
        _, one = _pooled(trial, question, arms, m, shift)
    except ValueError:
        return {**told, "conclusion": None}
    ends = {"estimate": one.estimate, "lower": one.lower, "upper": one.upper}
    return {**told, **ends, "conclusion": conclude(one)}


def _on_tipping(trial: Trial, table: list[dict[str, Any]]) -> str:
    """Say how far the missing must be from what is expected for another conclusion."""
    middle = len(table) // 2
    now = table[middle]
    if now["mean_imputed"] is None:
        return "No outcome of the active arm is missing: none was shifted."
    form = ".1%" if trial.is_binary else ".3g"
    label = trial.labels[1]
    said = []
    for steps, word in (
        (range(middle - 1, -1, -1), "or less"),
        (range(middle + 1, len(table)), "or more"),
    ):
        changed = [i for i in steps if table[i]["conclusion"] != now["conclusion"]]
        if changed:
            said.append(f"{table[changed[0]]['mean_imputed']:{form}} {word}")
    expected = format(now["mean_imputed"], form)
    if said:
        return (
            f"The conclusion changes if the missing outcomes of the arm {label!r} "
            f"average {', or '.join(said)}, where {expected} was imputed."
        )
    ends = [format(table[i]["mean_imputed"], form) for i in (0, -1)]
    return (
        f"The conclusion stays wherever the missing outcomes of the arm {label!r} "
        f"average, from {ends[0]} to {ends[1]}; {expected} was imputed."
    )


def _lead(trial: Trial, arms: tuple[Imputations, Imputations]) -> str:
    means = []
    for arm, one in zip((~trial.active, trial.active), arms, strict=True):
        mean = float(one.completed(trial.outcome[arm]).mean())
        means.append(f"{mean:.1%}" if trial.is_binary else f"{mean:.3g}")
    what = "had the outcome" if trial.is_binary else "is the mean"
    return (
        f"With missing outcomes imputed, {means[1]} {what} in the arm "
        f"{trial.labels[1]!r}, {means[0]} in {trial.labels[0]!r}"
    )
