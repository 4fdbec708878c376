"""Feedback came about a suggestion that was not on the card."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
