"""A rollout is to start without a determination, a notification or a responsible person."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, determination=None)

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice)
