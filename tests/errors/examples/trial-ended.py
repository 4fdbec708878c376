"""A trial is looked at that a person has ended."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
