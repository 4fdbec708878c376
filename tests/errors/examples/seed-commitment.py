"""The seed is not the one that the rollout commits to."""

from rounds.practice import Practice
from rounds.practice.seeds import Seed
from stories import practice as story

with story.open_practice(folder) as practice:
    rollout = story.start(practice)
with Practice.open(folder / "other.sqlite") as other:
    other.start(
        rollout,
        story.knowledge(),
        enrolment_end=story.ENROLMENT_END,
        assignments={},
        seed=Seed(bytes(32), bytes(32)),
        at=story.NOW,
    )
