"""Clinics were randomised, in parallel, in stratified permuted blocks."""

import numpy as np
from numpy.typing import NDArray

from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.loop.evaluation.participants import Allocation, Participants
from rounds.methods.allocations import sample_ratio as ratios
from rounds.nouns import Design, Diagnostic

__all__ = ["DESIGN"]

THRESHOLD = 0.001
"""Customary for sample ratios: looked at in every trial, it must rarely cry wolf."""


def _clusters(people: Participants) -> NDArray[np.str_]:
    return people.clinic


def _sample_ratio(
    allocation: Allocation, people: Participants, design: Design
) -> Diagnostic:
    """Check the arms' clinics: as allocated, and as they turn up in the data."""
    arms: dict[str, list[int]] = {}
    for arm, stratum in allocation.values():
        arms.setdefault(stratum, [0, 0])[arm != "active"] += 1
    active, silent = (sum(pair[i] for pair in arms.values()) for i in (0, 1))
    seen = set(np.unique(people.unit).tolist())
    lost = [
        sum(u not in seen and (a == "active") is on for u, (a, _) in allocation.items())
        for on in (True, False)
    ]
    # What other allocations can give is asked of their record: see drawn.py.
    possible = design.allocation != "permuted_blocks" or ratios.blocks_permit(
        {stratum: (a, s) for stratum, (a, s) in arms.items()}, max(design.block_sizes)
    )
    p_value = min(
        1.0,
        3
        * min(
            ratios.arm_ratio(active, silent),
            ratios.arm_ratio(active - lost[0], silent - lost[1]),
            ratios.loss_by_arm(lost[0], active, lost[1], silent),
        ),
    )
    value = p_value if possible else 0.0
    detail = (
        f"{active} clinics were allocated to the reminder and {silent} to silence; "
        f"{lost[0]} and {lost[1]} of them enrolled nobody"
    )
    if not possible:
        detail += "; permuted blocks cannot give such a split within a stratum"
    return Diagnostic(
        name="sample_ratio",
        question="Are there as many clinics in each arm as the randomisation meant?",
        value=value,
        threshold=THRESHOLD,
        verdict="fail" if value < THRESHOLD else "pass",
        detail=detail + ".",
    )


DESIGN = EvaluationDesign(
    unit="clinics",
    method=(
        "least squares on patients, CR2 standard errors by clinic, "
        "Satterthwaite degrees of freedom"
    ),
    clusters=_clusters,
    sample_ratio=_sample_ratio,
    limitations=(
        (
            "Clinics were randomised: a change in who comes to a clinic after it was "
            "randomised is seen only in the enrolment check."
        ),
    ),
)
