"""A day is not written as YYYY-MM-DD."""

command("rounds measure run blood-pressure-control --from 2024-02-30 --to 2024-12-31")
