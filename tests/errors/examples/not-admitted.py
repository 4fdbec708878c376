"""A caller is neither on this machine nor a registered client, or its origin is not allowed."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
