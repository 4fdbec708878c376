"""The protocol requires a diagnostic that is not known here."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
