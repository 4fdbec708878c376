"""The board asks for its packet before anybody has looked."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
