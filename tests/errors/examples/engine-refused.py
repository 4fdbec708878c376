"""The engine knows this user, and does not let them read the CDM."""

# Not made here: it takes a database; see tests/journeys/test_engines.py.
