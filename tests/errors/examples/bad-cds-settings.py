"""The section `[cds]` of `rounds.toml` is not valid."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
