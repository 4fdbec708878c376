"""Shares are written as percentages, so that an outcome's chance is beyond 1."""

command("rounds evaluation adaptive --patients 2000 --looks 2 --control 20 --effect 6")
# Instead:
command(
    "rounds evaluation adaptive --patients 2000 --looks 2 --control 0.2 --effect 0.06 "
    "--trials 200"
)
