"""Summary measures beyond differences and ratios of means: what each needs and says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.spreadsheet.adherence import compliers, per_protocol
from rounds.loop.evaluation.spreadsheet.designs import Method, Scale
from rounds.loop.evaluation.spreadsheet.question import Fit, Question
from rounds.loop.evaluation.spreadsheet.risks_and_rates import rates, standardised
from rounds.loop.evaluation.spreadsheet.times import hazards, mean_times
from rounds.loop.evaluation.spreadsheet.trial import Trial

__all__ = ["SUMMARIES", "Summary", "is_ratio", "is_share", "summarise"]

Floats = NDArray[np.float64]

_CENSORED = "Who was lost to follow-up was as likely to have the event as who stayed."


@dataclass(frozen=True)
class Summary:
    """One summary measure.

    Parameters
    ----------
    named : str
        In a sentence.
    method : str
        The one that finds it.
    fit : callable
        Trial, design matrix of those with a known outcome, question → Fit.
    needs : tuple of str
        Roles of columns.
    assumes : tuple of str
        What must be true beside what the design assumes.
    is_ratio : bool
        Whether no effect is 1, not 0.
    unit : {"plain", "points", "outcome"}
        How a difference is told: as a number, in points, or in points where outcomes
        are 0 and 1.
    is_binary : bool
        Whether outcomes must be 0 or 1.
    adjusts : bool
        Whether it allows for strata and covariates.
    designs : tuple of str
        Those that offer it.
    """

    named: str
    method: Method
    fit: Callable[[Trial, Floats, Question], Fit]
    needs: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    is_ratio: bool = False
    unit: Literal["plain", "points", "outcome"] = "plain"
    is_binary: bool = False
    adjusts: bool = True
    designs: tuple[str, ...] = ("individual", "cluster")


SUMMARIES: dict[Scale, Summary] = {
    "hazard-ratio": Summary(
        named="the hazard ratio",
        method="cox",
        fit=hazards,
        needs=("time",),
        assumes=(_CENSORED, "The hazard ratio is the same at all times."),
        is_ratio=True,
    ),
    "rmst-difference": Summary(
        named="the difference of mean times without the event",
        method="kaplan-meier",
        fit=mean_times,
        needs=("time",),
        assumes=(_CENSORED,),
        adjusts=False,
    ),
    "rmst-ratio": Summary(
        named="the ratio of mean times without the event",
        method="kaplan-meier",
        fit=mean_times,
        needs=("time",),
        assumes=(_CENSORED,),
        is_ratio=True,
        adjusts=False,
    ),
    "rate-ratio": Summary(
        named="the rate ratio",
        method="rates",
        fit=rates,
        needs=("exposure",),
        is_ratio=True,
    ),
    "rate-difference": Summary(
        named="the difference of rates",
        method="rates",
        fit=rates,
        needs=("exposure",),
    ),
    "standardised-difference": Summary(
        named="the standardised risk difference",
        method="standardisation",
        fit=standardised,
        unit="points",
        is_binary=True,
    ),
    "standardised-ratio": Summary(
        named="the standardised risk ratio",
        method="standardisation",
        fit=standardised,
        is_ratio=True,
        is_binary=True,
    ),
    "complier-average": Summary(
        named="the effect among those who received it because of their arm",
        method="two-stage",
        fit=compliers,
        needs=("received",),
        assumes=(
            "The arm changes the outcome by what is received alone.",
            "Nobody receives it because of being in the arm that is not to.",
        ),
        unit="outcome",
    ),
    "per-protocol": Summary(
        named="the difference among those who did as their arm says",
        method="as-allocated",
        fit=per_protocol,
        needs=("received",),
        assumes=("Who did as the arm says is like who did so in the other arm.",),
        unit="outcome",
    ),
}
"""By the name that `--summary` takes."""


def is_ratio(scale: Scale) -> bool:
    """Tell whether no effect is 1 on a scale, rather than 0.

    Parameters
    ----------
    scale : str
        Of `--scale` or `--summary`.
    """
    return SUMMARIES[scale].is_ratio if scale in SUMMARIES else scale != "difference"


def is_share(scale: Scale, *, is_binary: bool) -> bool:
    """Tell whether an effect is told in points.

    Parameters
    ----------
    scale : str
        Of `--scale` or `--summary`.
    is_binary : bool
        Whether outcomes are 0 or 1.
    """
    unit = SUMMARIES[scale].unit if scale in SUMMARIES else "outcome"
    return not is_ratio(scale) and (
        unit == "points" or (unit == "outcome" and is_binary)
    )


def summarise(trial: Trial, X: Floats, question: Question) -> Fit:
    """Find a summary measure.

    Parameters
    ----------
    trial : Trial
        Those whose outcome is unknown are left out.
    X : array of float, shape (n_known, p)
        Exposure, a constant, and what is allowed for; of those who are left.
    question : Question
        Its scale is of `SUMMARIES`.

    Raises
    ------
    ValueError
        Where the data cannot give a number, the reason.
    """
    return SUMMARIES[question.scale].fit(trial, X, question)
