"""A packet is asked for without saying for whom."""

command("rounds evaluation monitor --packet board")
