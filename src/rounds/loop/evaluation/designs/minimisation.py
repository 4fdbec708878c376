"""Patients were allocated by minimisation with a random element, as they arrived.

Analysed as patients in parallel, with the factors among the covariates: that is
insisted upon when the rollout is registered. Whether the coins fell as they should is
asked of the record (`rounds.loop.evaluation.checks.drawn`).
"""

from dataclasses import replace

from rounds.loop.evaluation.designs import parallel_patient

__all__ = ["DESIGN"]

DESIGN = replace(
    parallel_patient.DESIGN,
    limitations=(
        *parallel_patient.DESIGN.limitations,
        (
            "Patients were allocated by minimisation: the interval holds with its "
            "factors adjusted for, as they are here, and takes the outcome for random "
            "given them."
        ),
    ),
)
