"""The seed's file is not what the rollout committed to."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
