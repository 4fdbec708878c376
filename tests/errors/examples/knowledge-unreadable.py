"""A knowledge object's file cannot be read."""

from rounds.loop import change

change.load_knowledge(folder / "absent.yaml")

# Instead:
from rounds.loop import change
from stories import practice as story

change.load_knowledge(story.FILE)
