"""The receipt handed in is not for this protocol."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
