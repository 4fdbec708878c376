"""The period's last day comes before its first."""

command("rounds measure run blood-pressure-control --from 2024-12-31 --to 2024-01-01")
