"""A file of the datamart is missing, or is not as it was written."""

from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
(folder / "datamart" / "snapshots" / "000001.json").write_text("{")
Datamart.open(folder / "datamart")

# Instead:
from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
Datamart.open(folder / "datamart").close()
