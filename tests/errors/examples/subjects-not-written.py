"""Who is in a count is written to a new file only, for its owner alone."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
