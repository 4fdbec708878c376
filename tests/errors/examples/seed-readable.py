"""A file of `private/` can be read by others than its owner."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
