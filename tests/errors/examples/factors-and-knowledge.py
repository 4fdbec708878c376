"""Two factors are to be tried, and one card is handed in."""

from rounds.nouns import Design, Factors
from stories import practice as story

practice = story.open_practice(folder)
factors = Factors(first="a card", second="another", interaction_margin=0.05)
story.start(practice, design=Design(unit="clinic", factors=factors))

# Instead:
from rounds.nouns import Design, Factors
from stories import practice as story

practice = story.open_practice(folder)
factors = Factors(first="a card", second="another", interaction_margin=0.05)
story.start(
    practice,
    design=Design(unit="clinic", factors=factors),
    second=story.second_knowledge(),
)
