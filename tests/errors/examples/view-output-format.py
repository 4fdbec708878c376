"""A view's rows are asked for in a format that is not written."""

from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

column = {"name": "id", "path": "id"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [], folder / "patients.xlsx")

# Instead:
from rounds.datamart.sql_on_fhir import ViewDefinition, run_view

column = {"name": "id", "path": "id"}
view = ViewDefinition.parse({"resource": "Patient", "select": [{"column": [column]}]})
run_view(view, [], folder / "patients.csv")
