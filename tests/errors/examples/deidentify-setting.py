"""A setting of de-identification that is true or false holds something else."""

from datetime import date

from rounds.datamart.deidentify import plan_from

data = {"deidentify": "shifted", "deidentify_keep_names": "no"}
plan_from({"data": data}, folder, bytes, today=date(2025, 2, 3))

# Instead:
from datetime import date

from rounds.datamart.deidentify import plan_from

data = {"deidentify": "shifted", "deidentify_keep_names": False}
plan_from({"data": data}, folder, bytes, today=date(2025, 2, 3))
