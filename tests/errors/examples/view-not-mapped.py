"""A site's own view does not fit the mapping into the datamart."""

import json
from rounds.datamart import load

column = {"name": "postcode", "path": "address.postalCode.first()"}
view = {"resource": "Patient", "select": [{"column": [column]}]}
(folder / "views").mkdir()
(folder / "views" / "Patient.json").write_text(json.dumps(view))
load(folder / "export", folder / "datamart", views=folder / "views")

# Instead:
import json
from rounds.datamart import load

column = {"name": "zip", "path": "address.where(use = 'home').postalCode.first()"}
view = {"resource": "Patient", "select": [{"column": [column]}]}
(folder / "views").mkdir()
(folder / "views" / "Patient.json").write_text(json.dumps(view))
patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1960-05-04"}
(folder / "export").mkdir()
(folder / "export" / "Patient.ndjson").write_text(json.dumps(patient))
load(folder / "export", folder / "datamart", views=folder / "views")
