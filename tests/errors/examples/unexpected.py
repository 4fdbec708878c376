"""A fault in Rounds, answered by a door without its message, which could hold a person's value."""

# Not made here: a fault that we could make on purpose would have been mended.
