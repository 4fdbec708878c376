"""A value does not fit the type that a column of a view asks for."""

import json
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05"}
(folder / "Patient.ndjson").write_text(json.dumps(patient))
tag = {"name": "ansi/type", "value": "DATE"}
column = {"name": "birth", "path": "birthDate", "tag": [tag]}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [folder / "Patient.ndjson"], folder / "births.csv")

# Instead:
import json
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05"}
(folder / "Patient.ndjson").write_text(json.dumps(patient))
column = {"name": "birth", "path": "birthDate"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [folder / "Patient.ndjson"], folder / "births.csv")
