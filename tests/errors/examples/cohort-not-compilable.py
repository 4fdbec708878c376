"""Circe itself refuses the cohort: here, what is counted is no column of its domain."""

from rounds.datamart import compile_cohort

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
RULE = {
    "Criteria": {"ConditionOccurrence": {"CodesetId": 0}},
    "StartWindow": {"Start": {"Coeff": -1}, "End": {"Coeff": 1}},
    "Occurrence": {"Type": 2, "Count": 2, "IsDistinct": True, "CountColumn": "REFILLS"},
}
GROUP = {"Type": "ALL", "CriteriaList": [RULE]}
cohort["InclusionRules"] = [{"name": "twice", "expression": GROUP}]
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
RULE = {
    "Criteria": {"ConditionOccurrence": {"CodesetId": 0}},
    "StartWindow": {"Start": {"Coeff": -1}, "End": {"Coeff": 1}},
    "Occurrence": {
        "Type": 2,
        "Count": 2,
        "IsDistinct": True,
        "CountColumn": "START_DATE",
    },
}
GROUP = {"Type": "ALL", "CriteriaList": [RULE]}
cohort["InclusionRules"] = [{"name": "twice", "expression": GROUP}]
compile_cohort(cohort, "duckdb")
