"""A file of the site's value sets is no FHIR ValueSet."""

from rounds.definitions import load_measures

(folder / "value_sets").mkdir()
(folder / "value_sets" / "diabetes.json").write_text('{"resourceType": "Patient"}')
load_measures(folder)

# Instead:
import json

from rounds.definitions import load_measures

diabetes = {
    "resourceType": "ValueSet",
    "url": "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.464.1003.103.12.1001",
    "expansion": {
        "contains": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"}]
    },
}
(folder / "value_sets").mkdir()
(folder / "value_sets" / "diabetes.json").write_text(json.dumps(diabetes))
load_measures(folder)
