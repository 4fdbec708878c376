"""A table of the CDM lacks a column that every version of OMOP has."""

import duckdb

from rounds.datamart import open_cdm

with duckdb.connect("omop.duckdb") as connection:
    connection.execute("CREATE TABLE person (person_id BIGINT)")
    connection.execute("CREATE TABLE visit_occurrence (person_id BIGINT)")
with open_cdm({"cdm": "omop.duckdb"}, folder) as cdm:
    cdm.status()

# Instead:
import duckdb

from rounds.datamart import open_cdm

with duckdb.connect("omop.duckdb") as connection:
    connection.execute("CREATE TABLE person (person_id BIGINT)")
    connection.execute(
        "CREATE TABLE visit_occurrence (person_id BIGINT, visit_start_date DATE)"
    )
with open_cdm({"cdm": "omop.duckdb"}, folder) as cdm:
    cdm.status()
