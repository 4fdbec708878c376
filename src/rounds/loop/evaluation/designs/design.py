"""What an evaluation design must say of itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.nouns import Design, Diagnostic

__all__ = ["EvaluationDesign"]


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
    limitations : tuple of str
        What this design cannot see.
    """

    unit: str
    method: str
    clusters: Callable[[Participants], NDArray[np.str_] | None]
    sample_ratio: Callable[[Allocation, Participants, Design], Diagnostic]
    limitations: tuple[str, ...] = ()
