"""The database stopped while its tables were read."""

# Not made here: it takes a database that stops; see tests/journeys/test_postgres.py.
