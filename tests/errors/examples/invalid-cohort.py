"""A cohort has an attribute that Circe does not know, or refers to nothing."""

import json

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
ENTRY["CriteriaList"][0]["ConditionOccurrence"]["Firsts"] = True
(folder / "cohort.json").write_text(json.dumps(cohort))
command("rounds cohort explain cohort.json")

# Instead:
import json

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
ENTRY["CriteriaList"][0]["ConditionOccurrence"]["First"] = True
(folder / "cohort.json").write_text(json.dumps(cohort))
command("rounds cohort explain cohort.json")
