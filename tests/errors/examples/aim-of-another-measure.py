"""The aim names another measure, or is not a proportion."""

from rounds.definitions import builtin_measures
from rounds.loop import problem
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

problem.run(
    builtin_measures()["blood-pressure-control"],
    clinics(n_clinics=6, size=10),
    name="control",
    title="Control of blood pressure",
    period=PERIOD,
    aim=AIM.model_copy(update={"target": 75.0}),
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
