"""The chance of a false alarm is no chance."""

command("rounds problem watch --false-alarm 5")
