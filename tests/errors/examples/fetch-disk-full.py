"""There is no room for a file of an export."""

# Not made here: it takes a disk that is full; a test in tests/unit makes it.
