"""The report cannot be written where it was asked for."""

# Not made here: it takes a whole story and a folder that may not be written.
