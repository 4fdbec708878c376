"""Rollout and protocol change arms on different days, or in different orders."""

import datetime as dt
from types import SimpleNamespace

from rounds.loop.evaluation.gate import open_gate
from stories import scheduled_trial, trial

plan, known = scheduled_trial.protocol(scheduled_trial.World()), trial.evidence()
started = trial.rollout(plan, known)
frozen_on = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
receipt = SimpleNamespace(ref=plan.ref(), at=frozen_on, sequence=4, entry_hash="0" * 64)
now = dt.datetime(2025, 10, 6, tzinfo=dt.UTC)
open_gate(started, plan, known, measures={}, receipt=receipt, now=now)
