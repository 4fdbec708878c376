"""The seed's file is missing or broken."""

from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice)
(path,) = (folder / "private" / "seeds").iterdir()
path.unlink()
practice.seed(rollout.ref())

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice)
practice.seed(rollout.ref())
