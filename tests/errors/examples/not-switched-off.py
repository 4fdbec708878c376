"""A service is to be resumed that was not switched off."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice)
practice.resume(story.SERVICE, by="Bo", at=story.NOW)
