"""The engine does not know this user, or not by this password or token."""

# Not made here: it takes a database; see tests/journeys/test_engines.py.
