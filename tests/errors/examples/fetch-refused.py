"""A server refused an export, or its job failed."""

# Not made here: it takes such a server; a test in tests/unit makes it.
