"""A file was written to while it was being loaded."""

from rounds.datamart import load

(folder / "cdm").mkdir()
person = folder / "cdm" / "person.csv"
person.write_text("person_id,year_of_birth\n1,1960\n")


def grow(*_):
    person.write_text("person_id,year_of_birth\n1,1960\n2,1970\n")


load(folder / "cdm", folder / "datamart", progress=grow)

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir()
person = folder / "cdm" / "person.csv"
person.write_text("person_id,year_of_birth\n1,1960\n2,1970\n")
load(folder / "cdm", folder / "datamart")
