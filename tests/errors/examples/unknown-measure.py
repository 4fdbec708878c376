"""No measure has this name."""

command("rounds measure explain blood-presure-control")

# Instead:
command("rounds measure explain blood-pressure-control")
