"""The service without HTTP, for a simulated health system: the same path, in batches.

What it is handed is known by its shape alone (`rounds.world` has the classes, and this
room does not import them).
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rounds.loop.change.calls import Calls
from rounds.loop.change.service import Service, reused
from rounds.practice import Practice
from rounds.practice.recording import FeedbackRow, record_feedback

__all__ = ["Cards", "InProcess"]

_FACTS = ("age", "has_hypertension", "systolic", "diastolic", "n_antihypertensives")


@dataclass(frozen=True, repr=False)
class Cards:
    """The answers to a batch, in its order: arrays of shape (n,)."""

    shown: np.ndarray
    card: np.ndarray
    suggestion: np.ndarray

    def __repr__(self) -> str:
        return f"<cards: {int(self.shown.sum()):,} of {len(self.shown):,}>"


class _Encounters(Protocol):
    """Encounters at which an EHR calls; arrays of shape (n,)."""

    hook_instance: np.ndarray
    patient: np.ndarray
    encounter: np.ndarray
    clinic: np.ndarray
    start: np.ndarray


class _Feedback(Protocol):
    """Feedback on cards; arrays of shape (n,)."""

    card: np.ndarray
    outcome: np.ndarray
    suggestion: np.ndarray
    override_reason: np.ndarray
    at: np.ndarray


class InProcess:
    """A point of care that answers in this process, a batch in one transaction.

    Parameters
    ----------
    service_id : str
        The service to ask.
    now : callable
        The receipt clock; gives an aware datetime.
    """

    def __init__(
        self, practice: Practice, service_id: str, *, now: Callable[[], dt.datetime]
    ) -> None:
        self._service = Service(practice, service_id)
        self._now = now

    def cards(self, encounters: _Encounters) -> Cards:
        """Answer a batch of encounters, in order.

        Raises
        ------
        DataError
            If the service is unknown, or an identifier was used for another patient.
        """
        calls = Calls(
            hook_instance=_texts(encounters.hook_instance),
            patient=_texts(encounters.patient),
            encounter=_texts(encounters.encounter),
            clinic=_texts(encounters.clinic),
            occurred=_seconds(encounters.start),
            facts={
                name: np.asarray(getattr(encounters, name))
                for name in _FACTS
                if getattr(encounters, name, None) is not None
            },
            sex=_genders(encounters),
            clinician=_clinicians(encounters),
        )
        answers = self._service.answer(calls, self._now())
        if any(answer.conflict for answer in answers):
            raise reused()
        return Cards(
            shown=np.array([answer.shown for answer in answers], dtype=bool),
            card=np.array([answer.card for answer in answers], dtype=str),
            suggestion=np.array([answer.suggestion for answer in answers], dtype=str),
        )

    def feedback(self, feedback: _Feedback) -> None:
        """Take a batch of feedback; durable when this returns.

        Raises
        ------
        DataError
            If a card or suggestion was never given.
        """
        rows = [
            FeedbackRow(*row)
            for row in zip(
                _texts(feedback.card),
                _texts(feedback.outcome),
                _texts(feedback.suggestion),
                _texts(feedback.override_reason),
                _seconds(feedback.at),
                strict=True,
            )
        ]
        service = self._service
        record_feedback(service.practice, service.id, rows, self._now())


def _genders(encounters: _Encounters) -> list[str] | None:
    is_female = getattr(encounters, "is_female", None)
    if is_female is None:
        return None
    return ["female" if one else "male" for one in np.asarray(is_female).tolist()]


def _clinicians(encounters: _Encounters) -> list[str] | None:
    named = getattr(encounters, "practitioner", None)
    return None if named is None else _texts(named)


def _texts(values: np.ndarray) -> list[str]:
    texts: list[str] = np.asarray(values).astype(str, copy=False).tolist()
    return texts


def _seconds(values: np.ndarray) -> list[int]:
    seconds: list[int] = (
        np.asarray(values).astype("datetime64[s]").astype("int64").tolist()
    )
    return seconds
