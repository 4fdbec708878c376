"""A client's key file holds no public key of an accepted kind."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
