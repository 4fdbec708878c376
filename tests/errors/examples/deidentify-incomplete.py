"""Something was left in a finished part that could identify a person."""

# Not made here: tests/unit plants a city, a day and a number in a finished part.
