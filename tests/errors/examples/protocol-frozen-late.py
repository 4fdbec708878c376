"""The ledger's receipt for the protocol is later than the first card."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
