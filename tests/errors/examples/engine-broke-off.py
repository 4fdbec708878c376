"""An engine stopped while it answered."""

# Not made here: it takes a database; see tests/journeys/test_engines.py.
