"""A file of `private/` can be read by others than its owner."""

from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice)
(path,) = (folder / "private" / "seeds").iterdir()
path.chmod(0o644)
practice.seed(rollout.ref())

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
rollout = story.start(practice)
practice.seed(rollout.ref())
