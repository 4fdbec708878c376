"""Two answers, about almost the same people, would tell of those who differ."""

import datetime as dt

from rounds.conduct import Gate, Project
from stories.asked_people import PEOPLE, counted

now = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
with Gate.open(Project.init(folder / "h", source=None), now=lambda: now) as gate:
    gate.release_counts("everybody", *counted(PEOPLE))
    gate.release_counts("all but three", *counted(PEOPLE[3:]))

# Instead:
import datetime as dt

from rounds.conduct import Gate, Project
from stories.asked_people import PEOPLE, counted

now = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
with Gate.open(Project.init(folder / "h", source=None), now=lambda: now) as gate:
    gate.release_counts("everybody", *counted(PEOPLE))
    gate.release_counts("half of them", *counted(PEOPLE[100:]))
