"""A site's own view does not fit the mapping into the datamart."""

import json
from rounds.datamart.fhir_flattening import flattening

column = {"name": "postcode", "path": "address.postalCode.first()"}
view = {"resource": "Patient", "select": [{"column": [column]}]}
(folder / "Patient.json").write_text(json.dumps(view))
flattening(folder)

# Instead:
import json
from rounds.datamart.fhir_flattening import flattening

column = {"name": "zip", "path": "address.where(use = 'home').postalCode.first()"}
view = {"resource": "Patient", "select": [{"column": [column]}]}
(folder / "Patient.json").write_text(json.dumps(view))
flattening(folder)
