"""A line's numbers are hidden, and no target is given."""

# Not made here: it takes a project with a list;
# tests/journeys/test_opportunities.py makes it.
