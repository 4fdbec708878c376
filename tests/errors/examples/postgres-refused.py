"""The database knows no such user, or does not let this one read a table."""

# Not made here: it takes a database; see tests/journeys/test_postgres.py.
