"""Every file has to be read again, and one that was loaded before is gone."""

import duckdb

from rounds.datamart import change_vocabulary, load


def nothing(path):
    duckdb.connect(str(path)).close()
    return "0123456789abcdef"


(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
(folder / "cdm" / "person.csv").unlink()
change_vocabulary(folder / "datamart", nothing)

# Instead:
from rounds.datamart import load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
