"""What one week of care works on: the scene, the state, and the inner door."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rounds.world.luck import Luck
from rounds.world.population import NEVER, Clinics, Persons
from rounds.world.problems.codes import Code, Drug, Lab
from rounds.world.records import Records

__all__ = [
    "Acceptance",
    "Batch",
    "Beside",
    "Channel",
    "Now",
    "Scene",
    "Seen",
    "State",
    "Table",
]

Bools = NDArray[np.bool_]
Floats = NDArray[np.floating]
Integers = NDArray[np.integer]
Table = dict[str, NDArray[Any]]


class Beside(Protocol):
    """A problem that is lived beside the trial's, and changes nothing of it."""

    @property
    def name(self) -> str:
        """Its name in `WorldConfig.problems`."""

    @property
    def conditions(self) -> tuple[tuple[Code, Integers], ...]:
        """Diagnoses, each with the day it is listed, shape (people,)."""

    @property
    def labs(self) -> tuple[Lab, ...]:
        """Tests whose results it writes down."""

    @property
    def medicines(self) -> tuple[Drug, ...]:
        """Drugs it prescribes."""

    @property
    def procedures(self) -> tuple[Code, ...]:
        """Procedures it writes down."""

    def start(self) -> Table:
        """Give the state on the first day of data, one row a person."""

    def live(self, now: Now, seen: Seen) -> None:
        """Live one week, after hypertension has."""


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """The visits of one week, outpatients first, shape (n,)."""

    first_row: int
    person: Integers
    kind: Integers
    day: Integers
    minute: Integers
    clinic: Integers
    clinician: Integers
    readings: Floats
    """Shape (n, 2, 2): first and second reading, systolic and diastolic; NaN."""
    n_outpatients: int


@dataclass(frozen=True, slots=True, repr=False)
class Scene:
    """What does not change: who there is, their luck, and the faults injected."""

    persons: Persons
    clinics: Clinics
    luck: Luck
    faults: frozenset[str]
    go_live_week: int
    beside: tuple[Beside, ...] = ()
    campaign: float = 0.0
    """By which usual care rises everywhere from go-live on, on the logit scale."""


@dataclass(slots=True, repr=False)
class State:
    """What changes: one row a person, and one number a clinician."""

    n_ever: Integers
    """How many of the five drug slots have ever been ordered."""
    current: Integers
    """Bits of the slots taken now."""
    pending_day: Integers
    """Day on which a decided drug will be ordered; `NEVER` when none is."""
    pending_visit: Integers
    pending_overshoot: Bools
    overshoot_until: Integers
    recheck_week: Integers
    is_dizzy: Bools
    """Whether the next recheck is for symptoms of a low pressure."""
    n_cards: Integers
    load: Floats
    """Cards each clinician has lately seen; a quarter fades every week."""
    beside: dict[str, Table]
    """What changes of each problem beside hypertension, by its name."""

    def copy(self) -> State:
        """Give a copy that shares nothing."""
        return copy.deepcopy(self)

    @classmethod
    def start(cls, scene: Scene) -> State:
        """Give the state on the first day of data."""
        persons = scene.persons
        n = len(persons.index)
        taken = (1 << persons.n_start.astype(np.int64)) - 1
        return cls(
            n_ever=persons.n_start.astype(np.uint8),
            current=taken.astype(np.uint8),
            pending_day=np.full(n, NEVER),
            pending_visit=np.full(n, -1),
            pending_overshoot=np.zeros(n, dtype=bool),
            overshoot_until=np.full(n, -1),
            recheck_week=np.full(n, -1),
            is_dizzy=np.zeros(n, dtype=bool),
            n_cards=np.zeros(n, dtype=np.int16),
            load=np.zeros(len(scene.clinics.clinician_clinic)),
            beside={one.name: one.start() for one in scene.beside},
        )


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """Outpatient encounters of one week of adults with listed hypertension, (n,)."""

    visit: Integers
    """Row of the visit table."""
    person: Integers
    clinic: Integers
    clinician: Integers
    day: Integers
    minute: Integers
    systolic: Floats
    """Lowest of the encounter, mmHg, NaN where none was measured."""
    diastolic: Floats
    readings: Floats
    """Shape (n, 2, 2): first and second reading, systolic and diastolic."""
    current: Integers
    is_uncontrolled: Bools


class Channel(Protocol):
    """The inner side of a point of care: indices, not identifiers."""

    def shown(self, week: int, batch: Batch) -> Bools:
        """Say at which encounters a card was shown, shape (n,)."""

    def answered(self, accepted: Bools, answer: Floats, reason: Floats) -> None:
        """Take what clinicians did with the cards of the last batch."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How clinicians take cards; its numbers are solved for, not chosen."""

    intercept: float = -np.inf
    """Logit of accepting before fatigue; minus infinity: never."""
    overshoot: float = 0.0
    """Share of persons who overshoot after an intensification beside a card."""
    second: float = -np.inf
    """The logit of accepting a second card, before fatigue."""


@dataclass(frozen=True, slots=True, repr=False)
class Now:
    """One week being lived: what is there, what changes, what is written down."""

    scene: Scene
    week: int
    state: State
    records: Records
    acceptance: Acceptance
