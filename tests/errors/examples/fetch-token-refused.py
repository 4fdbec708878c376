"""The token endpoint does not accept the client or its assertion."""

# Not made here: it takes a server with a token endpoint; a test in tests/unit makes it.
