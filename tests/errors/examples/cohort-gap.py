"""A part of a cohort is known to Circe, but the SQL that it writes cannot run."""

from rounds.datamart import compile_cohort

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
ENTRY["CriteriaList"] = [{"Measurement": {"Abnormal": True}}]
compile_cohort(cohort, "duckdb")

# Instead:
from rounds.datamart import compile_cohort

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
ENTRY["CriteriaList"] = [{"Measurement": {"RangeHighRatio": {"Op": "gt", "Value": 1}}}]
compile_cohort(cohort, "duckdb")
