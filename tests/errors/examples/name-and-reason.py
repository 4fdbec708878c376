"""A trial that paused itself is resumed, or ended early, without a name or a reason."""

from stories import looks, practice as story

practice = story.open_practice(folder)
rollout = story.start(practice).ref()
practice.record_look(rollout, looks.written(1), pause=True)
practice.resume(story.SERVICE, by="Bo", at=story.NOW)

# Instead:
from stories import looks, practice as story

practice = story.open_practice(folder)
rollout = story.start(practice).ref()
practice.record_look(rollout, looks.written(1), pause=True)
practice.resume(story.SERVICE, by="Bo", at=story.NOW, reason="a coding error")
