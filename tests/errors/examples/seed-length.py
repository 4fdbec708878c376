"""A seed or salt is not 32 bytes."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, seed=b"short")

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, seed=bytes(range(32)))
