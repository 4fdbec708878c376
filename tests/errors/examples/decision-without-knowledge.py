"""Evaluation and decision do not name one knowledge object."""

# Not made here: it takes a whole evaluation of another knowledge object.
