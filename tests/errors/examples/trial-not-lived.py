"""The truth of visits is asked of a world whose trial is not over."""

from rounds.world import World, WorldConfig

world = World(WorldConfig(people=400, weeks=4, n_clinics=4, by_visit=True))
world.live(world.go_live, None)
world.seal(folder / "truth.json")

# Instead:
from rounds.world import World, WorldConfig

world = World(WorldConfig(people=400, weeks=4, n_clinics=4, by_visit=True))
world.live(world.trial_end, None)
world.seal(folder / "truth.json")
