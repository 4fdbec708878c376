"""Degrees of freedom are not one number, or one for each look, above 0."""

command("rounds evaluation bounds --looks 0.5,0.75,1 --df 6,8")
# Instead:
command("rounds evaluation bounds --looks 0.5,0.75,1 --df 6,8,9")
