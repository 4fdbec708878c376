"""The service already serves a trial, or adopted knowledge."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice)
story.start(practice, name="another")
