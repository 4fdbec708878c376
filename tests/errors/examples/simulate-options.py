"""No loop at all is asked for."""

command("rounds simulate --loops 0")

# Instead:
command("rounds simulate --loops 1 --people 1000 --clinics 8 --weeks 4 --processes 1")
