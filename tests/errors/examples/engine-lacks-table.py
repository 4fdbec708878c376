"""The CDM lacks a table that a measure reads, or the user may not see it."""

import duckdb

from rounds.datamart import open_cdm

duckdb.connect("omop.duckdb").close()
open_cdm({"cdm": "omop.duckdb"}, folder)
