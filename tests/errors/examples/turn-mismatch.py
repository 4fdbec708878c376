"""Decision, evaluation, protocol and evidence are not of one turn."""

# Not made here: it takes two whole turns, one noun exchanged between them.
