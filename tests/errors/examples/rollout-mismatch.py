"""Rollout, protocol and evidence do not name one another."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
