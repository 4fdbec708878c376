"""A server's answer is not what the Bulk Data Access guide says."""

# Not made here: it takes such a server; a test in tests/unit makes it.
