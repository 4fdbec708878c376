"""The aim names another measure, or is not a proportion."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
