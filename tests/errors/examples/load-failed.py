"""The engine stopped for a reason that has no message of its own."""

from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.parquet").write_text("not parquet")
load(folder / "cdm", folder / "datamart")

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
