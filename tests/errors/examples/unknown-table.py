"""An export was asked for a table that the datamart does not have."""

from rounds.datamart import Datamart, export_omop, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
with Datamart.open(folder / "datamart") as datamart:
    export_omop(datamart, folder / "export", tables=("patient",))

# Instead:
from rounds.datamart import Datamart, export_omop, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
with Datamart.open(folder / "datamart") as datamart:
    export_omop(datamart, folder / "export", tables=("person",))
