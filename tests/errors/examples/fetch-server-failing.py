"""A server answered 429 or 5xx each time, for as often as we ask."""

# Not made here: it takes such a server; a test in tests/unit makes it.
