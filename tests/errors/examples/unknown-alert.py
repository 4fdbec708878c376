"""No alert has this name."""

from rounds.conduct import Project

Project.init(folder / "h", source=None)
command(
    "rounds problem answer bp-clinic-7 --status closed --by Ana --note x --project h"
)
