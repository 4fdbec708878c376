"""A site's own view does not fit the mapping into the datamart."""

import json
from rounds.datamart import load

column = {"name": "postcode", "path": "address.postalCode.first()"}
view = {"resource": "Patient", "select": [{"column": [column]}]}
(folder / "Patient.json").write_text(json.dumps(view))
load(source, folder / "datamart", views=folder)

# Instead:
import json
from rounds.datamart.fhir_views import flattening

column = {"name": "zip", "path": "address.where(use = 'home').postalCode.first()"}
view = {"resource": "Patient", "select": [{"column": [column]}]}
(folder / "Patient.json").write_text(json.dumps(view))
flattening(folder)
