"""More than twenty years of months are asked for at once."""

command(
    "rounds measure run blood-pressure-control --from 1990-01-01 --to 2024-12-31 "
    "--every month"
)

# Instead:
import datetime as dt

from rounds.conduct import each_period
from rounds.nouns import Period

each_period(Period(start=dt.date(1990, 1, 1), end=dt.date(2024, 12, 31)), "quarter")
