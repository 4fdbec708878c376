"""The seed's file is missing or broken."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
