"""Two problems about almost the same people would tell everybody of those who differ."""

import datetime as dt

from rounds.conduct import Project
from rounds.conduct.publishing import publishable_problem
from stories.told_people import EVERYBODY, members, problem_of

now = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
project = Project.init(folder / "h", source=None)
for people in (EVERYBODY, EVERYBODY[3:]):
    exact = problem_of(people)
    publishable_problem(exact, members(people), project, now=lambda: now)

# Instead:
import datetime as dt

from rounds.conduct import Project
from rounds.conduct.publishing import publishable_problem
from stories.told_people import EVERYBODY, members, problem_of

now = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
project = Project.init(folder / "h", source=None)
for people in (EVERYBODY, EVERYBODY[300:]):
    exact = problem_of(people)
    publishable_problem(exact, members(people), project, now=lambda: now)
