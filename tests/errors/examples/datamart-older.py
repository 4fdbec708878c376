"""The datamart is one file, as it was before it had snapshots."""

import duckdb

from rounds.datamart import Datamart

with duckdb.connect(str(folder / "datamart.duckdb")) as connection:
    connection.execute("CREATE TABLE rounds_snapshot (snapshot VARCHAR)")
Datamart.open(folder / "datamart.duckdb")

# Instead:
from rounds.datamart import Datamart, load

(folder / "cdm").mkdir()
(folder / "cdm" / "person.csv").write_text("person_id,year_of_birth\n1,1960\n")
load(folder / "cdm", folder / "datamart")
Datamart.open(folder / "datamart").close()
