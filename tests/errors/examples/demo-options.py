"""A demo is asked for outside its ranges."""

command("rounds demo --people 3")
