"""The seed is asked for while patients are still enrolled."""

from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice)
practice.reveal(rollout.ref(), on=story.GO_LIVE)

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
import datetime as dt

rollout = story.start(practice)
practice.reveal(rollout.ref(), on=story.ENROLMENT_END + dt.timedelta(days=1))
