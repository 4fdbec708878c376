"""A simulated world is asked for that cannot be made."""

from rounds.world import WorldConfig

WorldConfig(people=-1)

# Instead:
from rounds.world import WorldConfig

WorldConfig(people=2000)
