"""No value set of that name has been loaded."""

import json

from rounds.datamart import Datamart, load_vocabulary
from rounds.datamart.vocabulary import read_value_set

(folder / "terms").mkdir()
one = {"system": "http://snomed.info/sct", "concept": [{"code": "44054006"}]}
diabetes = {
    "resourceType": "ValueSet",
    "url": "http://example.org/diabetes",
    "compose": {"include": [one]},
}
(folder / "terms" / "diabetes.json").write_text(json.dumps(diabetes))
load_vocabulary(folder / "terms", folder / "datamart")
with Datamart.open(folder / "datamart") as datamart:
    read_value_set(datamart, "http://example.org/asthma")

# Instead:
import json

from rounds.datamart import Datamart, load_vocabulary
from rounds.datamart.vocabulary import read_value_set

(folder / "terms").mkdir()
one = {"system": "http://snomed.info/sct", "concept": [{"code": "44054006"}]}
diabetes = {
    "resourceType": "ValueSet",
    "url": "http://example.org/diabetes",
    "compose": {"include": [one]},
}
(folder / "terms" / "diabetes.json").write_text(json.dumps(diabetes))
load_vocabulary(folder / "terms", folder / "datamart")
with Datamart.open(folder / "datamart") as datamart:
    read_value_set(datamart, "http://example.org/diabetes")
