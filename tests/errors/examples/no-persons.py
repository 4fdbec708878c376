"""Files were read, and not one person could be loaded from them."""

from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,\n")
load(folder / "cdm", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir(exist_ok=True)
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
