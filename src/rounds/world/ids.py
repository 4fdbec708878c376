"""Identifiers of the world: every one a function of seed, person and time."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from rounds.world.state import Integers

__all__ = ["clinic_names", "hook_instances", "patient_names", "practitioner_names"]

_NAMESPACE = hashlib.sha1(b"rounds.world", usedforsecurity=False).digest()[:16]
KINDS = ("a", "e", "i")
_VARIANT = {f"{i:x}": "89ab"[i & 3] for i in range(16)}


def patient_names(n: int) -> NDArray[np.str_]:
    """Name n patients."""
    return np.array([f"p{i + 1:07d}" for i in range(n)])


def clinic_names(n: int) -> NDArray[np.str_]:
    """Name n clinics."""
    return np.array([f"clinic-{i + 1:02d}" for i in range(n)])


def practitioner_names(clinic: Integers, number: Integers) -> NDArray[np.str_]:
    """Name clinicians after their clinic."""
    return np.array(
        [
            f"dr-{c + 1:02d}-{k}"
            for c, k in zip(clinic.tolist(), number.tolist(), strict=True)
        ]
    )


def encounter_names(person: Integers, day: Integers, kind: Integers) -> list[str]:
    """Name encounters after person, day and kind."""
    rows = zip(person.tolist(), day.tolist(), kind.tolist(), strict=True)
    return [f"{KINDS[k]}{i + 1:07d}-{d:04d}" for i, d, k in rows]


def hook_instances(seed: int, encounters: list[str]) -> list[str]:
    """Give each call its hookInstance: a version 5 uuid of seed and encounter."""
    first = hashlib.sha1(_NAMESPACE + f"{seed}/".encode(), usedforsecurity=False)
    names = []
    for encounter in encounters:
        one = first.copy()
        one.update(encounter.encode())
        digest = one.hexdigest()
        names.append(
            f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-"
            f"{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
        )
    return names
