"""A request's body is not sent as JSON."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
