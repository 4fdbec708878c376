"""A look that was published has been taken out of practice, or changed there."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
