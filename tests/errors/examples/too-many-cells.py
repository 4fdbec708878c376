"""A table of periods and units would have more lines than are told at once."""

import datetime as dt

from rounds.conduct import Gate, Project, each_period, measure_over
from rounds.definitions import builtin_measures
from stories.clinics import PERIOD, clinics

now = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
measure = builtin_measures()["blood-pressure-control"]
months = each_period(PERIOD, "month")
with Gate.open(Project.init(folder / "h", source=None), now=lambda: now) as gate:
    mart = clinics(n_clinics=100, size=30)
    measure_over(gate, mart, measure, months, by="care_site")

# Instead:
import datetime as dt

from rounds.conduct import Gate, Project, each_period, measure_over
from rounds.definitions import builtin_measures
from stories.clinics import PERIOD, clinics

now = dt.datetime(2025, 2, 3, tzinfo=dt.UTC)
measure = builtin_measures()["blood-pressure-control"]
months = each_period(PERIOD, "month")
with Gate.open(Project.init(folder / "h", source=None), now=lambda: now) as gate:
    mart = clinics(n_clinics=100, size=30)
    measure_over(gate, mart, measure, months, by="sex")
