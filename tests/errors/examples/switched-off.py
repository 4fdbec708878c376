"""Knowledge that the kill switch put off is adopted."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice)
practice.kill(story.SERVICE, by="Bo", at=story.NOW)
practice.adopt(story.SERVICE, by="Bo", at=story.NOW)

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice)
practice.kill(story.SERVICE, by="Bo", at=story.NOW)
practice.resume(story.SERVICE, by="Bo", at=story.NOW)
practice.adopt(story.SERVICE, by="Bo", at=story.NOW)
