"""Evaluation designs: how units were randomised decides how they are analysed."""

from rounds.loop.evaluation.designs import (
    covariate_constrained,
    factorial,
    matched_pairs,
    minimisation,
    parallel_cluster,
    parallel_encounter,
    parallel_patient,
    response_adaptive,
    scheduled,
)
from rounds.loop.evaluation.designs.design import EvaluationDesign
from rounds.nouns import Protocol

__all__ = ["ALLOCATED", "DESIGNS", "EvaluationDesign", "design_of"]

DESIGNS: dict[str, EvaluationDesign] = {
    "clinic": parallel_cluster.DESIGN,
    "patient": parallel_patient.DESIGN,
    "encounter": parallel_encounter.DESIGN,
    "stepped_wedge": scheduled.STEPPED_WEDGE,
    "cluster_crossover": scheduled.CLUSTER_CROSSOVER,
    "factorial": factorial.DESIGN,
}
"""By the protocol's schedule or factors, or, where there are none, by what it
randomises."""

ALLOCATED: dict[str, EvaluationDesign] = {
    "matched_pairs": matched_pairs.DESIGN,
    "covariate_constrained": covariate_constrained.DESIGN,
    "minimisation": minimisation.DESIGN,
    "response_adaptive": response_adaptive.DESIGN,
}
"""By the protocol's allocation, where it is not permuted blocks."""


def design_of(protocol: Protocol) -> EvaluationDesign:
    """Give the design by which a protocol is evaluated."""
    if protocol.schedule is not None:
        return DESIGNS[protocol.schedule.kind]
    if protocol.factors is not None:
        return DESIGNS["factorial"]
    return ALLOCATED.get(protocol.allocation) or DESIGNS[protocol.unit_of_randomisation]
