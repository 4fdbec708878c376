"""A server names another host, to which the access token would be sent."""

# Not made here: it takes such a server; a test in tests/unit makes it.
