"""Rounds writes the SQL of this engine, and does not run it."""

from rounds.datamart import open_cdm

open_cdm({"engine": "snowflake", "cdm": "hospital.cdm"}, folder)
