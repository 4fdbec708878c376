"""Nothing answers at the database's address."""

# Not made here: it takes the driver; see tests/journeys/test_postgres.py.
