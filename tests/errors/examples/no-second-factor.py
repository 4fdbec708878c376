"""A second factor is decided on, and the trial had one."""

import datetime as dt
from rounds.loop import decision
from rounds.nouns import Signature
from stories import trial

judged, plan = trial.judged(trial.World(clinics=12), 1)
bo = Signature(
    name="Bo Lind", at=dt.datetime(2025, 10, 6, tzinfo=dt.UTC), authenticated=False
)
decision.run(judged, plan, bo, name="x", title="X", second_decided="extend")

# Instead:
import datetime as dt
from rounds.loop import decision
from rounds.nouns import Signature
from stories import trial

judged, plan = trial.judged(trial.World(clinics=12), 1)
bo = Signature(
    name="Bo Lind", at=dt.datetime(2025, 10, 6, tzinfo=dt.UTC), authenticated=False
)
decision.run(judged, plan, bo, name="x", title="X")
