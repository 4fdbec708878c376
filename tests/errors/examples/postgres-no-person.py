"""The schema that was named holds no OMOP tables that this user may see."""

# Not made here: it takes a database; see tests/journeys/test_postgres.py.
