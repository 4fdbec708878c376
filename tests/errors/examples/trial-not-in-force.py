"""A trial is to be ended early that is over already."""

from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice).ref()
practice.adopt(story.SERVICE, by="Bo", at=story.NOW)
practice.stop_trial(rollout, by="Bo", at=story.NOW, reason="the board said so")
