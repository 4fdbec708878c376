"""The parts of a rollout do not fit together."""

from stories import practice as story

practice = story.open_practice(folder)
import datetime as dt

story.start(practice, starts=dt.date(2024, 1, 1))

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice)
