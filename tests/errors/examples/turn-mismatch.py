"""Decision, evaluation, protocol and evidence are not of one turn."""

import datetime as dt
from rounds.loop.decision import as_source, run
from rounds.nouns import Signature
from stories import trial

judged, plan = trial.judged(trial.World(clinics=12), 1)
bo = Signature(
    name="Bo Lind", at=dt.datetime(2025, 10, 6, tzinfo=dt.UTC), authenticated=False
)
signed = run(judged, plan, bo, name="x", title="X")
as_source(judged, signed, trial.protocol(level=0.9), "htn-1")

# Instead:
import datetime as dt
from rounds.loop.decision import as_source, run
from rounds.nouns import Signature
from stories import trial

judged, plan = trial.judged(trial.World(clinics=12), 1)
bo = Signature(
    name="Bo Lind", at=dt.datetime(2025, 10, 6, tzinfo=dt.UTC), authenticated=False
)
signed = run(judged, plan, bo, name="x", title="X")
as_source(judged, signed, plan, "htn-1")
