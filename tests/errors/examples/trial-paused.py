"""What paused itself for harm is to be shown everywhere."""

from stories import looks, practice as story

practice = story.open_practice(folder)
rollout = story.start(practice).ref()
practice.record_look(rollout, looks.written(1), pause=True)
practice.adopt(story.SERVICE, by="Bo", at=story.NOW)

# Instead:
from stories import looks, practice as story

practice = story.open_practice(folder)
rollout = story.start(practice).ref()
practice.record_look(rollout, looks.written(1), pause=True)
practice.stop_trial(rollout, by="Bo", at=story.NOW, reason="the board said so")
