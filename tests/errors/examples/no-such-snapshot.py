"""The datamart never had a snapshot of that number."""

from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
Datamart.open(folder / "datamart", snapshot=2)

# Instead:
from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
Datamart.open(folder / "datamart", snapshot=1).close()
