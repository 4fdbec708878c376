"""A caller used one `hookInstance` for two patients."""

# Not made here: it takes more than a few lines; a test in tests/unit makes it.
