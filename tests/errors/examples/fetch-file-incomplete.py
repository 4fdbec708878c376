"""A file of an export does not come whole."""

# Not made here: it takes a server that breaks off; a test in tests/unit makes it.
