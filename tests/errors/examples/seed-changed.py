"""The seed's file is not what the rollout committed to."""

from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice)
(path,) = (folder / "private" / "seeds").iterdir()
path.write_text("00" * 32 + "\n" + "00" * 32 + "\n")
practice.seed(rollout.ref())

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice)
practice.seed(rollout.ref())
