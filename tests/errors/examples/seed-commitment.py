"""The seed is not the one that the rollout commits to."""

# Not made here: the step that makes a rollout makes both together; only a caller that goes round it could.
