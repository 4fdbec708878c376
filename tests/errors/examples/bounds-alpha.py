"""The type I error is not a chance that bounds can keep."""

command("rounds evaluation bounds --looks 3 --alpha 2.5")
# Instead:
command("rounds evaluation bounds --looks 3 --alpha 0.025")
