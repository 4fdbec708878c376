"""No service of this name has been in force here."""

from stories import practice as story

practice = story.open_practice(folder)
practice.kill("no-such-service", by="Bo", at=story.NOW)

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice)
practice.kill(story.SERVICE, by="Bo", at=story.NOW)
