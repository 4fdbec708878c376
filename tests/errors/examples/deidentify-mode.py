"""`rounds.toml` asks for a kind of de-identification that there is not."""

import datetime as dt
import secrets

from rounds.datamart.deidentify import plan_from

settings = {"data": {"deidentify": "anonymous"}}
plan_from(settings, folder, secrets.token_bytes, today=dt.date(2026, 7, 1))

# Instead:
import datetime as dt
import secrets

from rounds.datamart.deidentify import plan_from

settings = {"data": {"deidentify": "safe_harbor"}}
plan_from(settings, folder, secrets.token_bytes, today=dt.date(2026, 7, 1))
