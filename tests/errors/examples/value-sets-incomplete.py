"""Only some of the value sets that a concept set stands for are there."""

import json

from rounds.definitions import load_measures

high = {
    "resourceType": "ValueSet",
    "url": "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.526.3.1572",
    "expansion": {
        "contains": [
            {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "259255"}
        ]
    },
}
(folder / "value_sets").mkdir()
(folder / "value_sets" / "high-intensity-statins.json").write_text(json.dumps(high))
load_measures(folder)
