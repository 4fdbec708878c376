"""Another process fetches into the same folder."""

# Not made here: it takes two processes at once; a test in tests/unit makes it.
