"""A file that a view is run over cannot be read to its end."""

import gzip
import json
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

patient = {"resourceType": "Patient", "id": "p1"}
packed = gzip.compress(json.dumps(patient).encode())
(folder / "Patient.ndjson.gz").write_bytes(packed[:-20])
column = {"name": "id", "path": "id"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [folder / "Patient.ndjson.gz"], folder / "patients.csv")

# Instead:
import gzip
import json
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

patient = {"resourceType": "Patient", "id": "p1"}
packed = gzip.compress(json.dumps(patient).encode())
(folder / "Patient.ndjson.gz").write_bytes(packed)
column = {"name": "id", "path": "id"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [folder / "Patient.ndjson.gz"], folder / "patients.csv")
