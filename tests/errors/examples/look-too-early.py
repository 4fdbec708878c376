"""A trial is looked at before anybody's follow-up is complete."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
