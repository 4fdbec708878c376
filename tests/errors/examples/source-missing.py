"""The folder to load from is not there."""

import json
from rounds.datamart import load

load(folder / "fihr", folder / "datamart")

# Instead:
import json
from rounds.datamart import load

patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05-04"}
(folder / "fhir").mkdir()
(folder / "fhir" / "Patient.ndjson").write_text(json.dumps(patient))
load(folder / "fhir", folder / "datamart")
