"""The data cannot answer the measure, so that there is no problem to open."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
