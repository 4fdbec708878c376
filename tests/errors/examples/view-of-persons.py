"""Rows of a view are about persons: they are for someone who says that this is meant."""

import json

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
(folder / "fhir").mkdir()
(folder / "fhir" / "Patient.ndjson").write_text(
    '{"resourceType": "Patient", "id": "a"}'
)
columns = [{"column": [{"name": "id", "path": "id"}]}]
view = {"resource": "Patient", "status": "active", "select": columns}
(folder / "view.json").write_text(json.dumps(view))
command("rounds init project --from cdm")
command("rounds data view view.json --from fhir --out rows.csv --project project")

# Instead:
import json

from stories.rights import let_me_see_persons

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
(folder / "fhir").mkdir()
(folder / "fhir" / "Patient.ndjson").write_text(
    '{"resourceType": "Patient", "id": "a"}'
)
columns = [{"column": [{"name": "id", "path": "id"}]}]
view = {"resource": "Patient", "status": "active", "select": columns}
(folder / "view.json").write_text(json.dumps(view))
command("rounds init project --from cdm")
let_me_see_persons(folder / "project")
command(
    "rounds data view view.json --from fhir --out rows.csv --persons --project project"
)
