"""The states for the point of care cannot be written; the former ones still stand."""

import datetime as dt

from rounds.datamart import publish_bedside
from rounds.nouns import Period

year = Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 12, 31))
publish_bedside(None, [], year, folder / "no-such-folder" / "bedside.sqlite")
