"""A call could not be written down, and therefore is not answered."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
