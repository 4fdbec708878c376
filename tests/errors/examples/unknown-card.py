"""Feedback came about a card that was never given."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
