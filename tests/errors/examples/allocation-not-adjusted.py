"""Clinics are matched in pairs, and the protocol does not adjust for the pair."""

from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
design = Design(unit="clinic", allocation="matched_pairs", balanced_on=("size",))
known = {name: {"size": 10.0 * i} for i, name in enumerate(story.CLINICS)}
story.start(practice, design=design, known=known, covariates=())

# Instead:
from rounds.nouns import Design
from stories import practice as story

practice = story.open_practice(folder)
design = Design(unit="clinic", allocation="matched_pairs", balanced_on=("size",))
known = {name: {"size": 10.0 * i} for i, name in enumerate(story.CLINICS)}
story.start(practice, design=design, known=known, covariates=("stratum",))
