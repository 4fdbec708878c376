"""The step before has not been run."""

import datetime as dt
from rounds.conduct import Desk, Project
from rounds.nouns import Evidence

project = Project.init(folder / "h", source=None)
with Desk.open(project, now=dt.datetime.now, by="Bo") as desk:
    desk.latest(Evidence)
