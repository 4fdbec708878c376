"""A rollout asks for consent before a card is shown, which this version cannot record."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, notification="consent")

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, notification="opt_out")
