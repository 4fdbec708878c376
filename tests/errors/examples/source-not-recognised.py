"""No file of the folder is FHIR (.ndjson, .json) or an OMOP table (person.csv)."""

from rounds.datamart import load

(folder / "omop").mkdir()
(folder / "omop" / "patients.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "omop", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
