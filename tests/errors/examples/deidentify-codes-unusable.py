"""The private folder of random codes cannot be read."""

# Not made here: tests/unit cuts a file of codes off and reads it.
