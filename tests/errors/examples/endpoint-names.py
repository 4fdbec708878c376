"""Two endpoints bear one name."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
