"""A CDS client's signed token is not accepted."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
