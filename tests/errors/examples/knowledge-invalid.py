"""A knowledge object's rule is not valid, or its own examples fail."""

from rounds.loop import change
from stories import practice as story

payload = story.knowledge().payload | {"when": {"fact": "age", "op": ">", "value": 200}}
change.check_knowledge(story.knowledge(payload=payload))

# Instead:
from rounds.loop import change
from stories import practice as story

change.check_knowledge(story.knowledge())
