"""A table of areas is loaded into a datamart in which no whole address is left."""

import datetime as dt
import secrets

from rounds.datamart import load
from rounds.datamart.deidentify import plan_from

table = folder / "SVI_2022_US_ZCTA.csv"
table.write_text("FIPS,RPL_THEMES\n02138,0.2\n")
settings = {"data": {"deidentify": "safe_harbor"}}
plan = plan_from(settings, folder, secrets.token_bytes, today=dt.date(2026, 7, 1))
load(table, folder / "datamart", deidentify=plan)

# Instead:
from rounds.datamart import load

table = folder / "SVI_2022_US_ZCTA.csv"
table.write_text("FIPS,RPL_THEMES\n02138,0.2\n")
load(table, folder / "datamart")
