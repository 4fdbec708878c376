"""A registered client of `rounds.toml` lacks something or holds something unknown."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
