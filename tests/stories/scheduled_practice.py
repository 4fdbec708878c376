"""A practice whose trial's arms change over time."""

import datetime as dt

import numpy as np

from rounds.loop import change
from rounds.nouns import Design, Protocol, Schedule
from stories import practice as story

STARTS = (story.GO_LIVE, dt.date(2025, 3, 3), dt.date(2025, 5, 5))
CLINICS = {f"clinic-{i}": "large" if i < 4 else "small" for i in range(9)}


def schedule(kind="stepped_wedge", **changes):
    given = {"kind": kind, "period_starts": STARTS, "transition_days": 30}
    return Schedule(**(given | changes))


def start(practice, kind="stepped_wedge", **changes):
    """Put a trial in force, with a follow-up that its transitions hold."""
    made = changes.pop("schedule", schedule(kind))
    plain = story.protocol().model_dump(exclude={"schedule", "follow_up_days"})
    plan = Protocol(**plain, schedule=made, follow_up_days=30)
    return change.run(
        story.evidence(),
        story.knowledge(),
        plan,
        Design(unit="clinic", schedule=made),
        practice,
        **story.arguments(**({"units": CLINICS} | changes)),
    )


def calls_on(day, seed):
    """One call that is due at each clinic, on a day."""
    e = story.encounters(len(CLINICS), seed=seed)
    e.clinic = np.array(sorted(CLINICS))
    e.patient = np.array([f"{seed}-patient-{i}" for i in range(len(CLINICS))])
    e.age[:], e.has_hypertension[:] = 60, True
    e.systolic[:], e.diastolic[:] = 155, 85
    e.start[:] = np.datetime64(day) + np.timedelta64(9, "h")
    return e
