"""Patients were allocated as they arrived, by chances that followed what looks saw.

An epoch is a stretch of patients allocated under the same chances; it is their stratum.
Within an epoch the arms differ by chance alone, whatever outcomes do over time; between
epochs they do not, since later patients are more often in the arm that did better. So
the effect is estimated within epochs and averaged by their numbers of patients: the
effect in those enrolled, of which each epoch's part is unbiased given what was before.

Averaging by precision, as epoch effects alone would, weighs an epoch by how even its
arms are, and so by what earlier outcomes made of the chances.
"""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs import parallel_patient
from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.loop.evaluation.designs.parallel_cluster import THRESHOLD
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.loop.evaluation.wording import at_most
from rounds.methods.allocations import sample_ratio as ratios
from rounds.methods.allocations.adaptive_allocation import epoch_columns, in_both_arms
from rounds.methods.clusters.least_squares import ClusterFit, cluster_ols
from rounds.nouns import Design, Diagnostic

__all__ = ["DESIGN", "FEWEST", "told_of"]

FEWEST = 10
"""Patients of either arm, outcome known, that an epoch needs to be in the estimate."""


def told_of(people: Participants) -> NDArray[np.bool_]:
    """Say who is in the estimate: outcome known, in an epoch that has both arms."""
    told = people.observed.copy()
    told[told] = in_both_arms(
        people.active[people.observed], people.stratum[people.observed], fewest=FEWEST
    )
    return told


def _fit(
    people: Participants,
    columns: list[NDArray[np.float64]],
    *,
    column: int,
    level: float,
) -> ClusterFit:
    told = told_of(people)
    if not told.any():
        raise ValueError(f"no epoch has {FEWEST} known outcomes in either arm")
    clusters = parallel_patient.DESIGN.clusters(people)
    around = epoch_columns(people.active[told], people.stratum[told])
    return cluster_ols(
        people.outcome[told],
        np.column_stack([*(one[told] for one in columns), *around]),
        None if clusters is None else clusters[told],
        column=column,
        level=level,
    )


def _sample_ratio(
    allocation: Allocation, people: Participants, design: Design
) -> Diagnostic:
    """Check that of each epoch's arms as large a share was enrolled.

    Whether the arms were drawn by the chances in force is asked of their record.
    """
    del design  # its chances are not in it
    seen = set(people.unit.tolist())
    counts: dict[str, list[int]] = {}
    for unit, (arm, stratum) in allocation.items():
        silent, gone = arm != "active", unit not in seen
        one = counts.setdefault(stratum, [0, 0, 0, 0])
        one[2 * silent] += gone
        one[2 * silent + 1] += 1
    p_values = [ratios.loss_by_arm(*one) for one in counts.values()]
    value = min(1.0, len(p_values) * min(p_values, default=1.0))
    active = int(people.active.sum())
    return Diagnostic(
        name="sample_ratio",
        question="Are there as many patients in each arm as the chances meant?",
        value=value,
        threshold=THRESHOLD,
        verdict="fail" if value < THRESHOLD else "pass",
        detail=(
            f"{at_most(active)} patients with the reminder and "
            f"{at_most(len(people) - active)} without it were enrolled, in "
            f"{len(counts)} epoch(s)."
        ),
    )


DESIGN = EvaluationDesign(
    unit="patients",
    method=(
        "least squares on patients within epochs, averaged by their numbers of "
        "patients, CR2 standard errors by clinic (HC2 by patient under "
        f"{parallel_patient.FEWEST_CLINICS} clinics), Satterthwaite degrees of freedom"
    ),
    clusters=parallel_patient.DESIGN.clusters,
    sample_ratio=_sample_ratio,
    fit=_fit,
    limitations=(
        *parallel_patient.DESIGN.limitations,
        (
            "Chances of the arms followed outcomes: crude outcomes by arm mix early "
            "and late patients, and are no estimate of the effect."
        ),
        (
            "Unequal arms tell less than equal ones would have; whoever saw many arms "
            "could guess which did better."
        ),
    ),
)
