"""A datamart was loaded with another de-identification than it is to be now."""

import datetime as dt
import secrets

from rounds.datamart.deidentify import insist_alike, plan_from

settings = {"data": {"deidentify": "shifted"}}
plan = plan_from(settings, folder, secrets.token_bytes, today=dt.date(2026, 7, 1))
insist_alike(None, plan.stamp())

# Instead:
import datetime as dt
import secrets

from rounds.datamart.deidentify import insist_alike, plan_from

settings = {"data": {"deidentify": "shifted"}}
plan = plan_from(settings, folder, secrets.token_bytes, today=dt.date(2026, 7, 1))
insist_alike(plan, plan.stamp())
