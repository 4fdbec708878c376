"""Looks are not fractions of the planned information that increase up to 1."""

command("rounds evaluation bounds --looks 0.5,0.4,1")
# Instead:
command("rounds evaluation bounds --looks 0.4,0.5,1")
