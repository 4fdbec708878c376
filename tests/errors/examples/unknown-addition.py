"""A measure is asked to leave out an addition that it does not have."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command(
    "rounds measure run blood-pressure-control --from 2019-01-01 --to 2019-12-31 "
    "--without-addition synthia --project h"
)

# Instead:
command("rounds measure explain blood-pressure-control --project h")
