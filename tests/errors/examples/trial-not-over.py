"""Outcomes are asked for before the last follow-up has ended."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
