"""The folder to load from holds no files."""

from rounds.datamart import load

(folder / "fhir").mkdir()
load(folder / "fhir", folder / "datamart")

# Instead:
import json
from rounds.datamart import load

patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05-04"}
(folder / "export").mkdir()
(folder / "export" / "Patient.ndjson").write_text(json.dumps(patient))
load(folder / "export", folder / "datamart")
