"""The file that should hold a ViewDefinition is not there, or is not JSON."""

from rounds.datamart.sql_on_fhir import ViewDefinition

(folder / "view.json").write_text("resource: Patient")
ViewDefinition.parse(folder / "view.json")

# Instead:
from rounds.datamart.sql_on_fhir import ViewDefinition

(folder / "view.json").write_text(
    '{"resource": "Patient", "select": [{"column": [{"name": "id", "path": "id"}]}]}'
)
ViewDefinition.parse(folder / "view.json")
