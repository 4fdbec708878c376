"""An endpoint's measure counts a person more than once."""

# Not made here: it takes more than a few lines; a test in tests/errors makes it.
