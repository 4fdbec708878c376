"""The snapshot is too old: its files have been removed, its manifest is kept."""

from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
for born in range(1950, 1962):
    person = f"person_id,year_of_birth\n1,{born}\n"
    (folder / "cdm" / "person.csv").write_text(person)
    load(folder / "cdm", folder / "datamart")
Datamart.open(folder / "datamart", snapshot=1)

# Instead:
from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
for born in range(1950, 1962):
    person = f"person_id,year_of_birth\n1,{born}\n"
    (folder / "cdm" / "person.csv").write_text(person)
    load(folder / "cdm", folder / "datamart")
Datamart.open(folder / "datamart", snapshot=3).close()
