"""The board's packet is to be written among files that others read."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
