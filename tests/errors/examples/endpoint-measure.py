"""A measure that the protocol names was not handed in, or is another version."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
