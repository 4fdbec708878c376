"""Maintenance is asked for, and no change has been adopted."""

import datetime as dt

from rounds.conduct import Desk, Project, run_maintenance

project = Project.init(folder / "h", source=None)
with Desk.open(project, now=lambda: dt.datetime.now(dt.UTC), by="ana") as desk:
    run_maintenance(desk)

# Instead:
import datetime as dt

from rounds.conduct import Desk, Project
from rounds.nouns import Decision

project = Project.init(folder / "h", source=None)
with Desk.open(project, now=lambda: dt.datetime.now(dt.UTC), by="ana") as desk:
    desk.find(Decision)  # none yet: decide first
