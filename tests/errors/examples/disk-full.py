"""There is no room for the datamart; what was there before is untouched."""

# Not made here: it takes a disk that is full; tests/errors mount a small one.
