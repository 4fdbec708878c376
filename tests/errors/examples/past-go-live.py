"""Another future is asked of a world that has lived past its go-live."""

from rounds.world import World, WorldConfig

world = World(WorldConfig(people=400, weeks=4, n_clinics=4))
world.live(world.trial_end, None)
world.planted(effect=0.1, harm=0.0)

# Instead:
from rounds.world import World, WorldConfig

world = World(WorldConfig(people=400, weeks=4, n_clinics=4))
world.live(world.go_live, None)
world.planted(effect=0.1, harm=0.0)
