"""A modification is logged of a day before the change was live."""

import datetime as dt

from rounds.conduct import Desk, Project, log_modification
from stories import trial

project = Project.init(folder / "h", source=None)
plan, known = trial.protocol(), trial.evidence()
entry = {
    "what": "The card is shorter",
    "modified": "content",
    "level": "clinician",
    "decided_by": "Dr Lind",
    "goal": "to be read",
    "planned": True,
    "fidelity_consistent": True,
}
with Desk.open(project, now=lambda: dt.datetime(2025, 6, 1), by="ana") as desk:
    desk.publish(plan)
    desk.publish(trial.rollout(plan, known))
    log_modification(desk, on=dt.date(2024, 12, 1), **entry)

# Instead:
import datetime as dt

from rounds.conduct import Desk, Project, log_modification
from stories import trial

project = Project.init(folder / "h", source=None)
plan, known = trial.protocol(), trial.evidence()
entry = {
    "what": "The card is shorter",
    "modified": "content",
    "level": "clinician",
    "decided_by": "Dr Lind",
    "goal": "to be read",
    "planned": True,
    "fidelity_consistent": True,
}
with Desk.open(project, now=lambda: dt.datetime(2025, 6, 1), by="ana") as desk:
    desk.publish(plan)
    desk.publish(trial.rollout(plan, known))
    log_modification(desk, on=dt.date(2025, 4, 1), **entry)
