"""A problem is to be opened on a measure that is not a proportion."""

from rounds.definitions import builtin_measures
from rounds.loop import problem
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

problem.run(
    builtin_measures()["systolic-after-first-uncontrolled"],
    clinics(n_clinics=6, size=10),
    name="control",
    title="Control of blood pressure",
    period=PERIOD,
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
