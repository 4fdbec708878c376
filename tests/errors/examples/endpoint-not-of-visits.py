"""Encounters were randomised, and an endpoint's measure counts persons."""

import datetime as dt
from types import SimpleNamespace

from rounds.definitions import builtin_measures
from rounds.loop.evaluation.gate import open_gate
from stories import trial

measure = builtin_measures()["blood-pressure-control"]
endpoints = (
    trial.endpoint("primary", measure.ref(), "control", "higher"),
    trial.endpoint("balancing", measure.ref(), "harm", "lower", margin=0.02),
)
plan = trial.protocol(unit_of_randomisation="encounter", endpoints=endpoints)
known, measures = trial.evidence(), {str(measure.ref()): measure}
started = trial.rollout(plan, known)
frozen_on = dt.datetime(2024, 12, 2, tzinfo=dt.UTC)
receipt = SimpleNamespace(ref=plan.ref(), at=frozen_on, sequence=4, entry_hash="0" * 64)
now = dt.datetime(2025, 10, 6, tzinfo=dt.UTC)
open_gate(started, plan, known, measures=measures, receipt=receipt, now=now)
