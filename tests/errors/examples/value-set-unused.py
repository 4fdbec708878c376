"""No concept set stands for a value set of the site."""

import json

from rounds.definitions import load_measures

asthma = {
    "resourceType": "ValueSet",
    "url": "http://example.org/asthma",
    "expansion": {
        "contains": [{"system": "http://snomed.info/sct", "code": "195967001"}]
    },
}
(folder / "value_sets").mkdir()
(folder / "value_sets" / "asthma.json").write_text(json.dumps(asthma))
load_measures(folder)

# Instead:
import json

from rounds.definitions import load_measures

(folder / "concept_sets").mkdir()
(folder / "concept_sets" / "asthma.yaml").write_text(
    "name: asthma\n"
    "stands_for: [http://example.org/asthma]\n"
    'include: [{system: "http://snomed.info/sct", code: "195967001"}]\n'
)
load_measures(folder)
