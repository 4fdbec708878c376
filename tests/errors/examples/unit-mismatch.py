"""Rollout and protocol randomise different units."""

import datetime as dt
from types import SimpleNamespace

from rounds.loop.evaluation.gate import open_gate
from stories import trial

plan, known = trial.protocol(), trial.evidence()
started = trial.rollout(plan, known)
frozen_on = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
receipt = SimpleNamespace(ref=plan.ref(), at=frozen_on, sequence=4, entry_hash="0" * 64)
now = dt.datetime(2025, 10, 6, tzinfo=dt.UTC)
design = started.design.model_copy(update={"unit": "patient"})
started = started.model_copy(update={"design": design})
open_gate(started, plan, known, measures={}, receipt=receipt, now=now)
