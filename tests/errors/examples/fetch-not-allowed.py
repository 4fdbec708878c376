"""A server does not give this client what it asks for (401, 403)."""

# Not made here: it takes such a server; a test in tests/unit makes it.
