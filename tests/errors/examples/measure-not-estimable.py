"""The data cannot answer the measure, so that there is no problem to open."""

from rounds.nouns import Period
from rounds.definitions import builtin_measures
from rounds.loop import problem
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

problem.run(
    builtin_measures()["blood-pressure-control"],
    clinics(n_clinics=6, size=10),
    name="control",
    title="Control of blood pressure",
    period=Period(start="2030-01-01", end="2030-12-31"),
    aim=AIM,
    owner="Bo Lind",
    community=COMMUNITY,
)

# Instead:
from rounds.definitions import builtin_measures
from rounds.loop import problem
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

problem.run(
    builtin_measures()["blood-pressure-control"],
    clinics(n_clinics=6, size=10),
    name="control",
    title="Control of blood pressure",
    period=PERIOD,
    aim=AIM,
    owner="Bo Lind",
    community=COMMUNITY,
)
