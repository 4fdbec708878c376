"""A request's body is larger than a megabyte."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
