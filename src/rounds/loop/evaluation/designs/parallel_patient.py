"""Patients were randomised, in parallel, within their clinics."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.loop.evaluation.designs.parallel_cluster import THRESHOLD
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.loop.evaluation.wording import at_most
from rounds.methods.allocations import sample_ratio as ratios
from rounds.nouns import Design, Diagnostic

__all__ = ["DESIGN"]

FEWEST_CLINICS = 4
"""Below this a variance by clinic rests on too little; patients then stand alone."""


def _clusters(people: Participants) -> NDArray[np.str_] | None:
    if len(np.unique(people.clinic)) < FEWEST_CLINICS:
        return None
    return people.clinic


def _sample_ratio(
    allocation: Allocation, people: Participants, design: Design
) -> Diagnostic:
    """Check the arms' patients: as allocated, and as they were enrolled."""
    arms: dict[str, list[int]] = {}
    for arm, stratum in allocation.values():
        arms.setdefault(stratum, [0, 0])[arm != "active"] += 1
    # What other allocations can give is asked of their record: see drawn.py.
    possible = design.allocation != "permuted_blocks" or ratios.blocks_permit(
        {stratum: (a, s) for stratum, (a, s) in arms.items()}, max(design.block_sizes)
    )
    active = int(people.active.sum())
    silent = len(people) - active
    value = ratios.arm_ratio(active, silent) if possible else 0.0
    detail = (
        f"{at_most(active)} patients with the reminder and {at_most(silent)} without "
        "it were enrolled"
    )
    if not possible:
        detail += "; permuted blocks cannot have given the allocation as it stands"
    return Diagnostic(
        name="sample_ratio",
        question="Are there as many patients in each arm as the randomisation meant?",
        value=value,
        threshold=THRESHOLD,
        verdict="fail" if value < THRESHOLD else "pass",
        detail=detail + ".",
    )


DESIGN = EvaluationDesign(
    unit="patients",
    method=(
        "least squares on patients, CR2 standard errors by clinic (HC2 by patient "
        f"under {FEWEST_CLINICS} clinics), Satterthwaite degrees of freedom"
    ),
    clusters=_clusters,
    sample_ratio=_sample_ratio,
    limitations=(
        (
            "Patients of one clinician are in both arms: what a clinician learns from "
            "a card for one may reach another, which draws the arms together."
        ),
    ),
)
