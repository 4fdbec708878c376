"""What is to be loaded at once does not fit into the memory that a load may have."""

# Not made here: it takes a load of many gigabytes; a test in tests/errors makes it.
