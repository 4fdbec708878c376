"""A measure cannot be split by this."""

from rounds.datamart import run_measure
from rounds.definitions import builtin_measures
from stories.clinics import PERIOD, clinics

measure = builtin_measures()["blood-pressure-control"]
run_measure(clinics(n_clinics=2, size=2), measure, PERIOD, by="shoe_size")

# Instead:
from rounds.datamart import run_measure
from rounds.definitions import builtin_measures
from stories.clinics import PERIOD, clinics

measure = builtin_measures()["blood-pressure-control"]
run_measure(clinics(n_clinics=2, size=2), measure, PERIOD, by="sex")
