"""How the error is to be spent is not told in full, or told twice."""

command("rounds evaluation bounds --looks 3 --spending hsd")
# Instead:
command("rounds evaluation bounds --looks 3 --spending hsd --gamma -4")
