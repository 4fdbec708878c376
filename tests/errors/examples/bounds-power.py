"""Power and futility do not fit together, or are no chances."""

command("rounds evaluation bounds --looks 3 --futility lan-demets-of")
# Instead:
command("rounds evaluation bounds --looks 3 --futility lan-demets-of --power 0.8")
