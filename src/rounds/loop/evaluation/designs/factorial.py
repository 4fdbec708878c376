"""Clinics were randomised to the four cells of two factors.

The main comparisons are at the margins: least squares on patients with an indicator of
either factor and no interaction, so that each is adjusted for the other. Where cells
are of one size this is the plain average of a factor's effect over the other's arms;
where they are not, cells in which the factor can be told better weigh more.
"""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.loop.evaluation.designs.scheduled import dealt_ratio
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.methods.clusters.least_squares import ClusterFit, cluster_ols
from rounds.nouns import Design, Diagnostic, Factors

__all__ = ["DESIGN"]


def _clusters(people: Participants) -> NDArray[np.str_]:
    return people.clinic


def _fit(
    people: Participants,
    columns: list[NDArray[np.float64]],
    *,
    column: int,
    level: float,
) -> ClusterFit:
    assert people.second is not None
    known = people.observed
    return cluster_ols(
        people.outcome[known],
        np.column_stack([*columns, people.second.astype(float)])[known],
        people.clinic[known],
        column=column,
        level=level,
    )


def _sample_ratio(
    allocation: Allocation, people: Participants, design: Design
) -> Diagnostic:
    del design
    return dealt_ratio(allocation, people, Factors.CELLS, "cell")


DESIGN = EvaluationDesign(
    unit="clinics",
    method=(
        "least squares on patients, adjusted for the other factor, CR2 standard errors "
        "by clinic, Satterthwaite degrees of freedom"
    ),
    clusters=_clusters,
    sample_ratio=_sample_ratio,
    fit=_fit,
    limitations=(
        (
            "Clinics were randomised: a change in who comes to a clinic after it was "
            "randomised is seen only in the enrolment check."
        ),
        (
            "An effect at the margins is an average over the other factor's arms: it "
            "is that of the factor by itself only where the two do not interact."
        ),
    ),
)
