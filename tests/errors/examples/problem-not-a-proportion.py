"""A problem is to be opened on a measure that is not a proportion."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
