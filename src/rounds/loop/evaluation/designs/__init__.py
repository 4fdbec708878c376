"""Evaluation designs: how units were randomised decides how they are analysed."""

from rounds.loop.evaluation.designs import (
    covariate_constrained,
    matched_pairs,
    minimisation,
    parallel_cluster,
    parallel_patient,
)
from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.nouns import Protocol

__all__ = ["ALLOCATED", "DESIGNS", "EvaluationDesign", "design_of"]

DESIGNS: dict[str, EvaluationDesign] = {
    "clinic": parallel_cluster.DESIGN,
    "patient": parallel_patient.DESIGN,
}
"""By the protocol's unit of randomisation."""

ALLOCATED: dict[str, EvaluationDesign] = {
    "matched_pairs": matched_pairs.DESIGN,
    "covariate_constrained": covariate_constrained.DESIGN,
    "minimisation": minimisation.DESIGN,
}
"""By the protocol's allocation, where it is not permuted blocks."""


def design_of(protocol: Protocol) -> EvaluationDesign:
    """Give the evaluation design of a protocol."""
    return ALLOCATED.get(protocol.allocation) or DESIGNS[protocol.unit_of_randomisation]
