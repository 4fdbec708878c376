"""Evidence is to be weighed without any source."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
