"""Clinics are to be matched on what is not known of all of them."""

from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
known = {name: {"size": 10.0 * i} for i, name in enumerate(story.CLINICS)}
story.start(
    practice,
    design=Design(unit="clinic", allocation="matched_pairs"),
    known=known,
)

# Instead:
from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
known = {name: {"size": 10.0 * i} for i, name in enumerate(story.CLINICS)}
story.start(
    practice,
    design=Design(unit="clinic", allocation="matched_pairs", balanced_on=("size",)),
    known=known,
)
