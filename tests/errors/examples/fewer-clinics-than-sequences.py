"""A schedule has more sequences than there are clinics to go through them."""

from stories import scheduled_practice as story
from stories.practice import open_practice

practice = open_practice(folder)
two = {"clinic-1": "small", "clinic-2": "small"}
story.start(
    practice,
    units=two,
    schedule=story.schedule("cluster_crossover", sequences=("010", "101", "110")),
)

# Instead:
from stories import scheduled_practice as story
from stories.practice import open_practice

practice = open_practice(folder)
story.start(practice, units={"clinic-1": "small", "clinic-2": "small"})
