"""The board's members are not given a user each."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
