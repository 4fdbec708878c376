"""A measure is to balance itself."""

from rounds.definitions import builtin_measures
from rounds.loop.problem.explaining import read_asked
from stories.clinics import PERIOD, clinics

measure = builtin_measures()["blood-pressure-control"]
read_asked(measure, clinics(n_clinics=6, size=10), period=PERIOD, balancing=measure)

# Instead:
from rounds.definitions import builtin_measures
from rounds.loop.problem.explaining import read_asked
from stories.clinics import PERIOD, clinics

measure = builtin_measures()["blood-pressure-control"]
read_asked(measure, clinics(n_clinics=6, size=10), period=PERIOD)
