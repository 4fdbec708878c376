"""What an evaluation design must say of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.methods.clusters.least_squares import ClusterFit
from rounds.methods.clusters.linear_mixed import MixedFit
from rounds.nouns import Design, Diagnostic

__all__ = ["AdditiveFit", "EvaluationDesign", "Fit", "FitModel"]


@dataclass(frozen=True)
class AdditiveFit:
    """An effect where effects add: a difference, or the logarithm of a ratio."""

    estimate: float
    lower: float
    upper: float
    se: float
    df: float
    """Of t; infinite for a normal interval."""
    p_value: float
    n: int


Fit = ClusterFit | MixedFit | AdditiveFit
"""What an effect is read from."""


class FitModel(Protocol):
    """Fits a model to those whose outcome is known."""

    def __call__(
        self,
        people: Participants,
        columns: list[NDArray[np.float64]],
        *,
        column: int,
        level: float,
    ) -> Fit:
        """Fit columns, each of shape (n_participants,), and give one coefficient."""


@dataclass(frozen=True)
class EvaluationDesign:
    """One way to analyse a randomised rollout.

    Parameters
    ----------
    unit : str
        What was randomised, for people to read: `clinics`, `patients`.
    method : str
        Estimator and interval in words, as every estimate carries them.
    clusters : callable
        Participants → the cluster of each, or None where they are independent.
    sample_ratio : callable
        Allocation, participants, design → the sample-ratio diagnostic at the unit
        that was randomised.
    fit : FitModel or None
        The model, where it is not least squares on patients with CR2 standard errors.
    fit_of_harm : FitModel or None
        The model of balancing endpoints, where it is another; `method_of_harm` says it.
    checks : tuple of str
        What is checked of this design beside the common checks.
    limitations : tuple of str
        What this design cannot see.
    """

    unit: str
    method: str
    clusters: Callable[[Participants], NDArray[np.str_] | None]
    sample_ratio: Callable[[Allocation, Participants, Design], Diagnostic]
    fit: FitModel | None = None
    fit_of_harm: FitModel | None = None
    method_of_harm: str = ""
    checks: tuple[str, ...] = ()
    limitations: tuple[str, ...] = ()
