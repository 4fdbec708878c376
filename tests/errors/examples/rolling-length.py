"""A period is to last no month, quarter or year at all."""

command(
    "rounds measure run blood-pressure-control --from 2024-01-01 --to 2024-12-31 "
    "--every month --rolling 0"
)
