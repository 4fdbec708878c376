"""The outer side of a point of care: indices become identifiers, answers are kept."""

import numpy as np
from numpy.typing import NDArray

from rounds.world.ids import encounter_names, hook_instances
from rounds.world.point_of_care import Cards, Encounters, Feedback, PointOfCare
from rounds.world.problems.hypertension import DRUGS, PARAMETERS
from rounds.world.records import Records
from rounds.world.state import Batch, Bools, Floats, Scene

__all__ = ["OVERRIDE_REASONS", "OVERRIDE_SYSTEM", "Calls", "Everywhere", "is_due"]

OVERRIDE_SYSTEM = "urn:rounds:override-reason"
OVERRIDE_REASONS = (
    "reading-not-representative",
    "home-readings-at-goal",
    "adherence-first",
    "patient-declines",
    "risk-of-low-pressure",
    "other",
)
_AMBULATORY = 0


def is_due(scene: Scene, batch: Batch) -> Bools:
    """Say where the card is due: uncontrolled, of an adult of up to 85 years; (n,)."""
    age = scene.persons.age_on(batch.person, batch.day)
    return np.asarray(batch.is_uncontrolled & (age <= 85))


class Everywhere:
    """The card shown wherever it is due: one side of the potential outcomes."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def shown(self, week: int, batch: Batch) -> Bools:  # noqa: ARG002
        """Show it at every uncontrolled visit of an adult of up to 85 years."""
        return is_due(self._scene, batch)

    def answered(self, accepted: Bools, answer: Floats, reason: Floats) -> None:
        """Keep nothing."""


class Calls:
    """Calls a point of care for each batch and keeps what was said both ways.

    Parameters
    ----------
    scene : Scene
        Who there is.
    records : Records
        Where calls, cards and feedback are written.
    point_of_care : PointOfCare
        What answers.
    seed : int
        Seed of the world, from which hook instances are made.
    names : tuple of three arrays of str
        Names of patients, clinics and practitioners.
    """

    def __init__(
        self,
        scene: Scene,
        records: Records,
        point_of_care: PointOfCare,
        seed: int,
        names: tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]],
    ) -> None:
        self._scene = scene
        self._records = records
        self._point_of_care = point_of_care
        self._seed = seed
        self._patients, self._clinics, self._practitioners = names
        self._encounters: Encounters | None = None
        self._cards: Cards | None = None

    def shown(self, week: int, batch: Batch) -> Bools:  # noqa: ARG002
        """Call the service for every encounter of the batch."""
        encounters = self._encounters_of(batch)
        self._encounters, self._cards = encounters, None
        if not len(encounters):
            return np.zeros(0, dtype=bool)
        cards = self._point_of_care.cards(encounters)
        self._cards = cards
        shown = np.asarray(cards.shown, dtype=bool)
        self._records.append(
            "card",
            {
                "visit": batch.visit,
                "hook_instance": encounters.hook_instance,
                "shown": shown,
                "card": np.asarray(cards.card, dtype="U64"),
                "suggestion": np.asarray(cards.suggestion, dtype="U64"),
            },
        )
        return shown

    def answered(self, accepted: Bools, answer: Floats, reason: Floats) -> None:
        """Send feedback on accepted and overridden cards; ignored ones stay silent."""
        if self._encounters is None or self._cards is None:
            return
        shown = np.asarray(self._cards.shown, dtype=bool)
        told = np.flatnonzero(shown & (accepted | (answer < PARAMETERS.override)))
        if not len(told):
            return
        yes = accepted[told]
        which = (len(OVERRIDE_REASONS) * reason[told]).astype(int)
        feedback = Feedback(
            hook_instance=self._encounters.hook_instance[told],
            card=np.asarray(self._cards.card, dtype="U64")[told],
            outcome=np.where(yes, "accepted", "overridden"),
            suggestion=np.where(
                yes, np.asarray(self._cards.suggestion, dtype="U64")[told], ""
            ),
            override_reason=np.where(yes, "", np.array(OVERRIDE_REASONS)[which]),
            at=self._encounters.start[told] + np.timedelta64(10, "m"),
        )
        self._point_of_care.feedback(feedback)
        columns = {name: getattr(feedback, name) for name in Feedback.__slots__}
        self._records.append("feedback", columns)

    def _encounters_of(self, batch: Batch) -> Encounters:
        """Name everything in a batch, with what a prefetch will need."""
        persons = self._scene.persons
        who = batch.person
        midnight = persons.first_day + batch.day
        names = encounter_names(who, batch.day, np.full(len(who), _AMBULATORY))
        slots = (batch.current[:, None] >> np.arange(5)) & 1
        drugs = np.zeros((len(who), len(DRUGS)), dtype=bool)
        row, slot = np.nonzero(slots)
        drugs[row, persons.slots[who[row], slot]] = True
        return Encounters(
            hook_instance=np.array(hook_instances(self._seed, names), dtype="U36"),
            patient=self._patients[who],
            encounter=np.array(names, dtype="U16"),
            clinic=self._clinics[batch.clinic],
            practitioner=self._practitioners[batch.clinician],
            start=midnight.astype("M8[s]") + batch.minute.astype("m8[m]"),
            age=persons.age_on(who, batch.day),
            has_hypertension=np.ones(len(who), dtype=bool),
            systolic=batch.systolic,
            diastolic=batch.diastolic,
            n_antihypertensives=drugs.sum(axis=1),
            birth_date=persons.first_day + persons.birth_day[who],
            is_female=persons.is_female[who],
            hypertension_since=persons.first_day + persons.onset_day[who],
            readings=batch.readings,
            drugs=drugs,
        )
