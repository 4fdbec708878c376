"""A finished turn found no effect to carry on."""

import datetime as dt

from rounds.loop.decision import as_source, run
from rounds.nouns import NotEstimable, Signature
from stories import trial

judged, plan = trial.judged(trial.World(clinics=12), 1)
none = NotEstimable(reason="nobody was enrolled")
judged = judged.model_copy(update={"estimate": none, "posterior": none})
now = dt.datetime(2025, 10, 6, tzinfo=dt.UTC)
bo = Signature(name="Bo Lind", at=now, authenticated=False)
signed = run(judged, plan, bo, name="x", title="X")
as_source(judged, signed, plan, "htn-1")
