"""A power is asked of a trial whose outcome has no size."""

command("rounds evaluation power --design cluster --units 20 --size 30 --icc 0.03")
# Instead:
command(
    "rounds evaluation power --design cluster --units 20 --size 30 --icc 0.03"
    " --control 0.4 --effect 0.1"
)
