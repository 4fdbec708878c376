"""The section `[datamart]` of `rounds.toml` lacks a setting, or has one too many."""

from rounds.datamart import open_cdm

open_cdm({"engine": "spark", "cdm": "local[2]", "password": "x"}, folder)
