"""`engine` in `rounds.toml`, or `--dialect`, is the name of no engine."""

from rounds.datamart import open_cdm

open_cdm({"engine": "postgres", "cdm": "postgresql://ana@db/omop"}, folder)
