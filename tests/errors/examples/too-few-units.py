"""Fewer than two units are to be randomised."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, units={"clinic-1": "small"})

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, units={"clinic-1": "small", "clinic-2": "small"})
