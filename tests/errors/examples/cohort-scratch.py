"""Spark needs a schema to write temporary tables to."""

from rounds.datamart import compile_cohort

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
compile_cohort(cohort, "spark")

# Instead:
from rounds.datamart import compile_cohort

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
compile_cohort(cohort, "spark", scratch="scratch")
