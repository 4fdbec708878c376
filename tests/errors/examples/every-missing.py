"""Periods are to roll, and how long after each the next one begins is not said."""

command(
    "rounds measure run blood-pressure-control --from 2024-01-01 --to 2024-12-31 "
    "--rolling 12"
)
