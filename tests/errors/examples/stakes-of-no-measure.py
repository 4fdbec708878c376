"""The file stakes.yaml names a measure that there is not."""

from rounds.definitions import builtin_measures
from rounds.loop import problem
from rounds.loop.problem.stakes import Stakes
from stories.clinics import PERIOD, clinics

STAKES = """
perspective: the health system
currency: EUR
worth: 50000
stakes:
  - measure: blood-presure-control
    health: {value: 0.05, lower: 0.02, upper: 0.1, source: the board}
    cost: {value: 200, lower: 100, upper: 300, source: the board}
    changeable: {value: 0.2, lower: 0.1, upper: 0.4, source: the board}
"""
problem.list_opportunities(
    [builtin_measures()["blood-pressure-control"]],
    clinics(n_clinics=6, size=10),
    PERIOD,
    stakes=Stakes.from_yaml(STAKES),
)

# Instead:
from rounds.definitions import builtin_measures
from rounds.loop import problem
from rounds.loop.problem.stakes import Stakes
from stories.clinics import PERIOD, clinics

STAKES = """
perspective: the health system
currency: EUR
worth: 50000
stakes:
  - measure: blood-pressure-control
    health: {value: 0.05, lower: 0.02, upper: 0.1, source: the board}
    cost: {value: 200, lower: 100, upper: 300, source: the board}
    changeable: {value: 0.2, lower: 0.1, upper: 0.4, source: the board}
"""
problem.list_opportunities(
    [builtin_measures()["blood-pressure-control"]],
    clinics(n_clinics=6, size=10),
    PERIOD,
    stakes=Stakes.from_yaml(STAKES),
)
