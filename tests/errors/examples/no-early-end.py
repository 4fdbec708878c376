"""A trial is to be ended early whose protocol plans no looks."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
