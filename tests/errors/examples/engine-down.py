"""Nothing answers where the CDM is said to be."""

from rounds.datamart import open_cdm

open_cdm({"engine": "duckdb", "cdm": "nowhere.duckdb"}, folder)
