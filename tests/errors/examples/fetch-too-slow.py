"""An export was not ready within the time that was allowed."""

# Not made here: it takes a server that takes long; a test in tests/unit makes it.
