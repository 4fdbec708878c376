"""It could not be written down that persons were to be looked at, so nothing is shown."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
