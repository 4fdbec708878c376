"""Evaluation designs: how units were randomised decides how they are analysed."""

from rounds.loop.evaluation.designs import parallel_cluster, parallel_patient
from rounds.loop.evaluation.designs.design import EvaluationDesign

__all__ = ["DESIGNS", "EvaluationDesign"]

DESIGNS: dict[str, EvaluationDesign] = {
    "clinic": parallel_cluster.DESIGN,
    "patient": parallel_patient.DESIGN,
}
"""By the protocol's unit of randomisation."""
