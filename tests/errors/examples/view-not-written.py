"""The rows of a view cannot be written where they were asked for."""

from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

column = {"name": "id", "path": "id"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [], folder / "out" / "patients.csv")

# Instead:
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

column = {"name": "id", "path": "id"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
(folder / "out").mkdir()
run_view(view, [], folder / "out" / "patients.csv")
