"""The calls of one service, as columns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["Calls"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Calls:
    """Calls of one service, in the order of their arrival; lists of one length.

    Parameters
    ----------
    clinic : list of str
        Organization id; "" where it could not be resolved.
    occurred : list of int
        Seconds since 1970 of the encounter's start, local time as written.
    facts : dict
        Name → array; NaN is missing, and so is an absent column.
    """

    hook_instance: list[str]
    patient: list[str]
    encounter: list[str]
    clinic: list[str]
    occurred: list[int]
    facts: Mapping[str, np.ndarray]
    sex: list[str] | None = None
    """FHIR `Patient.gender`; "" where it was not told, None where nobody asks."""
    clinician: list[str] | None = None
    """Who called (CDS Hooks `userId`); "" where unsaid, None where nobody says."""
    knowledge: str = ""
    """The Ref of the knowledge for which the facts were read; "" for any."""

    def __len__(self) -> int:
        return len(self.hook_instance)

    def __repr__(self) -> str:
        return f"<calls: {len(self):,}>"
