"""The practice holds no rollout or knowledge of this reference."""

from stories import practice as story

practice = story.open_practice(folder)
practice.rollout(story.ref("rollout/other"))
