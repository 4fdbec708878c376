"""Two files hold different cohorts of one name."""

import json

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
(folder / "one.json").write_text(json.dumps({"name": "a", "expression": cohort}))
ENTRY["ObservationWindow"]["PriorDays"] = 365
(folder / "two.json").write_text(json.dumps({"name": "a", "expression": cohort}))
command("rounds cohort explain one.json two.json")

# Instead:
import json

ENTRY = {
    "CriteriaList": [{"ConditionOccurrence": {"CodesetId": 0}}],
    "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
}
ITEMS = [{"concept": {"CONCEPT_ID": 320128}, "includeDescendants": True}]
SET = {"id": 0, "name": "Hypertension", "expression": {"items": ITEMS}}
cohort = {"ConceptSets": [SET], "PrimaryCriteria": ENTRY}
(folder / "one.json").write_text(json.dumps({"name": "a", "expression": cohort}))
ENTRY["ObservationWindow"]["PriorDays"] = 365
(folder / "two.json").write_text(json.dumps({"name": "b", "expression": cohort}))
command("rounds cohort explain one.json two.json")
