"""Somebody asks for what a look saw who is not named for the monitoring board."""

# Not made here: it takes a whole project; a test in tests/journeys makes it.
