"""The one door between the world and whatever answers it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cards", "Encounters", "EveryCard", "Feedback", "PointOfCare"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Encounters:
    """A batch of outpatient encounters at which the EHR calls `patient-view`.

    All arrays have shape (n,). Pressures are in mmHg, the lowest of the encounter,
    NaN where none was measured. The fields after `n_antihypertensives` are what a
    prefetch needs; a caller that does not prefetch may leave them out.
    """

    hook_instance: NDArray[np.str_]
    patient: NDArray[np.str_]
    encounter: NDArray[np.str_]
    clinic: NDArray[np.str_]
    practitioner: NDArray[np.str_]
    start: NDArray[np.datetime64]
    age: NDArray[np.integer]
    has_hypertension: NDArray[np.bool_]
    systolic: NDArray[np.floating]
    diastolic: NDArray[np.floating]
    n_antihypertensives: NDArray[np.integer]
    birth_date: NDArray[np.datetime64] | None = None
    is_female: NDArray[np.bool_] | None = None
    hypertension_since: NDArray[np.datetime64] | None = None
    readings: NDArray[np.floating] | None = None
    """Shape (n, 2, 2): first and second reading, systolic and diastolic, in mmHg."""
    drugs: NDArray[np.bool_] | None = None
    """Shape (n, n_drugs): which antihypertensives of the world's list are taken."""

    def __len__(self) -> int:
        """Count the encounters."""
        return len(self.hook_instance)

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<encounters: {len(self):,}>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Cards:
    """What came back: one row for each encounter, in the same order."""

    shown: NDArray[np.bool_]
    card: NDArray[np.str_]
    suggestion: NDArray[np.str_]

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<cards: {int(self.shown.sum()):,} of {len(self.shown):,}>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Feedback:
    """What clinicians did with cards; an ignored card has no row."""

    hook_instance: NDArray[np.str_]
    card: NDArray[np.str_]
    outcome: NDArray[np.str_]
    """`accepted` or `overridden`."""
    suggestion: NDArray[np.str_]
    override_reason: NDArray[np.str_]
    at: NDArray[np.datetime64]

    def __len__(self) -> int:
        """Count the answers."""
        return len(self.hook_instance)

    def __repr__(self) -> str:
        """Say only how many there are."""
        return f"<feedback: {len(self):,}>"


class PointOfCare(Protocol):
    """Whatever answers an EHR: in this process, or a real service over HTTP."""

    def cards(self, encounters: Encounters) -> Cards:
        """Answer a batch of encounters, in order."""

    def feedback(self, feedback: Feedback) -> None:
        """Take what clinicians did with the cards."""


class EveryCard:
    """A point of care that shows the reference card wherever it is due.

    It is due at an encounter of a person of 18 to 85 with hypertension on the
    problem list and a systolic pressure of 140 mmHg or more, or a diastolic of 90 or
    more: the rule under which the potential outcome "card everywhere" is computed.

    Parameters
    ----------
    clinics : collection of str, optional
        Clinics (Organization ids) that get cards; all of them when left out.
    """

    def __init__(self, clinics: frozenset[str] | None = None) -> None:
        self._clinics = clinics

    def cards(self, encounters: Encounters) -> Cards:
        """Show the card where it is due."""
        shown = encounters.has_hypertension & (encounters.age >= 18)
        shown &= encounters.age <= 85
        shown &= (encounters.systolic >= 140) | (encounters.diastolic >= 90)
        if self._clinics is not None:
            shown &= np.isin(encounters.clinic, sorted(self._clinics))
        names = np.char.add("card-", encounters.hook_instance)
        other = np.char.add("suggestion-", encounters.hook_instance)
        return Cards(
            shown=shown,
            card=np.where(shown, names, ""),
            suggestion=np.where(shown, other, ""),
        )

    def feedback(self, feedback: Feedback) -> None:
        """Keep nothing."""
