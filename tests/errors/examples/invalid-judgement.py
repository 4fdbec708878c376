"""A reviewer's judgement of certainty is not valid."""

# Not made here: it takes a problem and its sources; the file that turn.yaml names holds the judgements.
