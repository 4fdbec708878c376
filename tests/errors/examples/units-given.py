"""Patients are to be randomised, and a list of them is given beforehand."""

from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, unit="patient", units={"patient-1": "all"})

# Instead:
from stories import practice as story

practice = story.open_practice(folder)
story.start(practice, unit="patient")
