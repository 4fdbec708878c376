"""A value set of the site is defined by a rule, and its codes are not listed."""

import json

from rounds.definitions import load_measures

diabetes = {
    "resourceType": "ValueSet",
    "url": "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.103.12.1001",
    "compose": {
        "include": [
            {
                "system": "http://snomed.info/sct",
                "filter": [{"property": "concept", "op": "is-a", "value": "73211009"}],
            }
        ]
    },
}
(folder / "value_sets").mkdir()
(folder / "value_sets" / "diabetes.json").write_text(json.dumps(diabetes))
load_measures(folder)

# Instead:
import json

from rounds.definitions import load_measures

diabetes = {
    "resourceType": "ValueSet",
    "url": "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.103.12.1001",
    "compose": {
        "include": [
            {"system": "http://snomed.info/sct", "concept": [{"code": "44054006"}]}
        ]
    },
}
(folder / "value_sets").mkdir()
(folder / "value_sets" / "diabetes.json").write_text(json.dumps(diabetes))
load_measures(folder)
