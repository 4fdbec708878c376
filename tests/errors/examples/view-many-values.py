"""A path of a view gives several values for one resource, and its column takes one."""

import json
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

patient = {"resourceType": "Patient", "id": "p1", "name": [{"given": ["A", "B"]}]}
(folder / "Patient.ndjson").write_text(json.dumps(patient))
column = {"name": "given", "path": "name.given"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [folder / "Patient.ndjson"], folder / "given.csv")

# Instead:
import json
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

patient = {"resourceType": "Patient", "id": "p1", "name": [{"given": ["A", "B"]}]}
(folder / "Patient.ndjson").write_text(json.dumps(patient))
column = {"name": "given", "path": "name.given.first()"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [folder / "Patient.ndjson"], folder / "given.csv")
