"""The report cannot be written where it was asked for."""

from rounds.definitions import builtin_measures
from rounds.loop import problem
from rounds.reports import Story, render
from stories.clinics import AIM, COMMUNITY, PERIOD, clinics

found = problem.run(
    builtin_measures()["blood-pressure-control"],
    clinics(n_clinics=6, size=30),
    name="control",
    title="Control of blood pressure",
    period=PERIOD,
    aim=AIM,
    owner="Bo Lind",
    community=COMMUNITY,
)
(folder / "taken").write_text("a file, where a folder should be")
render(Story(problem=found), folder / "taken" / "report.html")
