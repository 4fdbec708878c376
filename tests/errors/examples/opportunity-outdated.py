"""The measure has changed since the list of opportunities was made."""

# Not made here: it takes a project with a list;
# tests/journeys/test_opportunities.py makes it.
