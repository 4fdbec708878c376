"""The protocol's design is one that this version does not evaluate."""

import datetime as dt
from types import SimpleNamespace

from rounds.loop.evaluation.gate import open_gate
from stories import trial

plan, known = trial.protocol(design="emulation"), trial.evidence()
started = trial.rollout(plan, known)
frozen_on = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
receipt = SimpleNamespace(ref=plan.ref(), at=frozen_on, sequence=4, entry_hash="0" * 64)
now = dt.datetime(2025, 10, 6, tzinfo=dt.UTC)
open_gate(started, plan, known, measures={}, receipt=receipt, now=now)
