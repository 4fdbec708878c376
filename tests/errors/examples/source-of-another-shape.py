"""A source that gave OMOP gives FHIR: it is another source, or a slip."""

from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
(folder / "fhir").mkdir()
(folder / "fhir" / "Patient.ndjson").write_text(
    '{"resourceType": "Patient", "id": "a", "birthDate": "1960"}\n'
)
load(folder / "fhir", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
(folder / "fhir").mkdir()
(folder / "fhir" / "Patient.ndjson").write_text(
    '{"resourceType": "Patient", "id": "a", "birthDate": "1960"}\n'
)
load(folder / "fhir", folder / "datamart", name="clinic")
