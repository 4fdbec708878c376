"""There is no datamart where one was to be opened."""

from rounds.datamart import Datamart

Datamart.open(folder / "datamart")

# Instead:
from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
Datamart.open(folder / "datamart").close()
