"""Two looks were made at the same moment; the second one would spend twice."""

from stories import looks, practice as story

practice = story.open_practice(folder)
rollout = story.start(practice).ref()
practice.record_look(rollout, looks.written(2), pause=False)

# Instead:
from stories import looks, practice as story

practice = story.open_practice(folder)
rollout = story.start(practice).ref()
practice.record_look(rollout, looks.written(1), pause=False)
practice.record_look(rollout, looks.written(2), pause=False)
