"""A person decides otherwise than the rule recommends and gives no reason."""

import datetime as dt
from rounds.loop import decision
from rounds.nouns import Signature
from stories import trial

judged, plan = trial.judged(trial.World(clinics=12), 1)
bo = Signature(
    name="Bo Lind", at=dt.datetime(2025, 10, 6, tzinfo=dt.UTC), authenticated=False
)
decision.run(judged, plan, bo, name="x", title="X", decided="adopt")

# Instead:
import datetime as dt
from rounds.loop import decision
from rounds.nouns import Signature
from stories import trial

judged, plan = trial.judged(trial.World(clinics=12), 1)
bo = Signature(
    name="Bo Lind", at=dt.datetime(2025, 10, 6, tzinfo=dt.UTC), authenticated=False
)
decision.run(
    judged,
    plan,
    bo,
    name="x",
    title="X",
    decided="adopt",
    departure_reason="The sponsor asks for it.",
)
