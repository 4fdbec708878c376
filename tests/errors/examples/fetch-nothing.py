"""An export of everything held not one resource."""

# Not made here: it takes such a server; a test in tests/unit makes it.
