"""The last list of opportunities has no line of this measure."""

# Not made here: it takes a project with a list;
# tests/journeys/test_opportunities.py makes it.
