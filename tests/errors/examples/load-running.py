"""Another process is loading into the same datamart."""

from rounds.datamart import Store, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
with Store(folder / "datamart").writing():
    load(folder / "cdm", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart", wait=60)
