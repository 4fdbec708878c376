"""A finished turn's estimate is on a scale that sources do not have."""

# Not made here: it takes a whole turn with another summary measure than the built-in ones.
