"""Of 70 allocations of eight clinics, the best tenth is too few to be random."""

from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
design = Design(
    unit="clinic",
    allocation="covariate_constrained",
    balanced_on=("size",),
)
known = {name: {"size": 10.0 * i} for i, name in enumerate(story.CLINICS)}
units = dict.fromkeys(known, "all")
story.start(practice, design=design, units=units, known=known)

# Instead:
from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
design = Design(
    unit="clinic",
    allocation="covariate_constrained",
    balanced_on=("size",),
    constrained_fraction=0.6,
)
known = {name: {"size": 10.0 * i} for i, name in enumerate(story.CLINICS)}
units = dict.fromkeys(known, "all")
story.start(practice, design=design, units=units, known=known)
