"""The receipt handed in is not for this protocol."""

import datetime as dt
from types import SimpleNamespace

from rounds.loop.evaluation.gate import open_gate
from stories import trial

plan, known = trial.protocol(), trial.evidence()
started = trial.rollout(plan, known)
frozen_on = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
receipt = SimpleNamespace(
    ref=trial.protocol(level=0.9).ref(), at=frozen_on, sequence=4, entry_hash="0" * 64
)
now = dt.datetime(2025, 10, 6, tzinfo=dt.UTC)
named = (trial.PRIMARY, trial.SECONDARY, trial.BALANCING)
measures = {
    str(each): SimpleNamespace(ref=lambda each=each: each, scoring="proportion")
    for each in named
}
open_gate(started, plan, known, measures=measures, receipt=receipt, now=now)
