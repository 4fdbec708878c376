"""Another file stands where the datamart is to be written."""

from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
(folder / "notes.txt").write_text("not a datamart")
load(folder / "cdm", folder / "notes.txt")

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir(exist_ok=True)
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
