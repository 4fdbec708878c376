"""The protocol's design is one that this version does not evaluate."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
