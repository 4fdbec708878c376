"""The time asked for holds no whole month, quarter or year, or not as many as make one period."""

command(
    "rounds measure run blood-pressure-control --from 2024-01-02 --to 2024-01-30 "
    "--every month"
)

# Instead:
import datetime as dt

from rounds.conduct import each_period
from rounds.nouns import Period

each_period(Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 3, 31)), "month")
