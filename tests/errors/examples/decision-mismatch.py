"""The evaluation is of another protocol than the one handed in."""

# Not made here: it takes a whole evaluation and another protocol.
