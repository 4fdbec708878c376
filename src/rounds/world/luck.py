"""Luck without memory: the same person at the same time has the same luck, always.

A number is a hash of (seed, stream, person, time). Nothing is drawn in sequence, so
what one arm of a trial does cannot move the luck of the other.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Luck", "SamePeople", "Stream"]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


class Stream(IntEnum):
    """What a number is for; each use has its own stream."""

    CLINIC_SIZE = 1
    CLINIC_SVI = 2
    CLINIC_STAFF = 3
    CLINIC_PROCESS = 4
    CLINIC_PRESSURE = 5
    CLINICIAN_PROCESS = 6
    CLINICIAN_CARD = 7
    AREA_SVI = 8
    OUTLIER = 9
    CLINIC_TESTED = 10
    CLINIC_HBA1C = 11
    CLINIC_STATIN = 12
    CLINIC_SCREENED = 13
    CLINICIAN_TESTED = 14
    CLINICIAN_STATIN = 15
    CLINICIAN_SCREENED = 16
    HOME_CLINIC = 20
    HOME_CLINICIAN = 21
    HOME_AREA = 22
    AGE = 23
    BIRTHDAY = 24
    SEX = 25
    HYPERTENSION = 26
    ONSET = 27
    LISTED_AS = 28
    UNTREATED = 29
    DIASTOLIC = 30
    DRUGS = 31
    ADHERENCE = 32
    VISIT_SD = 33
    DRUG_ORDER = 34
    EXCLUSION = 35
    EXCLUSION_DAY = 36
    DEATH = 37
    FREQUENCY = 38
    OVERSHOOT = 39
    DIABETES = 40
    DIABETES_ONSET = 41
    DIABETES_LISTED_AS = 42
    HBA1C = 43
    ORAL_DRUGS = 44
    STATIN = 45
    KEEPS_UP = 46
    SCREENED_BY = 47
    SCREENED_BEFORE = 48
    VISIT = 50
    WEEKDAY = 51
    MINUTE = 52
    NOISE = 53
    NOISE_DIASTOLIC = 54
    READING = 55
    MEASURED = 56
    SECOND = 57
    ILLNESS = 58
    OWN = 59
    ACCEPT = 60
    REMINDERS = 61
    DELAY = 62
    DELAY_DAYS = 63
    RECHECK = 64
    RECHECK_WEEK = 65
    ANSWER = 66
    REASON = 67
    STOP = 68
    REFILL = 69
    RENEW = 70
    CROSSOVER = 71
    ZERO = 72
    DIZZY = 73
    TESTED = 74
    HBA1C_NOISE = 75
    HBA1C_ACTED_ON = 76
    DRUG_DROP = 77
    DRUG_FAILS = 78
    STATIN_START = 79
    STATIN_STOP = 80
    SCREENED = 81
    STOOL_RESULT = 82
    ACCEPT_SECOND = 83
    ANSWER_SECOND = 84
    REASON_SECOND = 85
    EXPECTED = 90


def _mix(x: int) -> int:
    """Mix one 64-bit number (the finaliser of SplitMix64)."""
    x &= _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


class Luck:
    """Random numbers keyed on (seed, stream, person, time).

    Parameters
    ----------
    seed : int
        The seed of the world.

    Examples
    --------
    >>> import numpy as np
    >>> luck = Luck(1)
    >>> both = luck.uniform(Stream.VISIT, np.arange(5), 3)
    >>> bool(luck.uniform(Stream.VISIT, np.array([4]), 3)[0] == both[4])
    True
    """

    def __init__(self, seed: int) -> None:
        self._seed = _mix(seed + _GOLDEN)

    def uniform(
        self, stream: Stream, who: NDArray[np.integer], time: int = 0
    ) -> NDArray[np.float32]:
        """Give uniform numbers in the open interval (0, 1).

        Parameters
        ----------
        stream : Stream
            What the numbers are for.
        who : array of int, shape (n,)
            Indices of persons, clinicians, clinics or areas.
        time : int
            Week, or any other count that tells one occasion from another.

        Returns
        -------
        array of float32, shape (n,)
            The midpoints of 2**23 equal cells: never 0 and never 1, which 24 bits
            rounded to float32 would reach.
        """
        key = _mix(_mix(self._seed + int(stream) * _GOLDEN) + time * _GOLDEN)
        x = who.astype(np.uint64)
        x *= np.uint64(_GOLDEN)
        x += np.uint64(key)
        x ^= x >> np.uint64(30)
        x *= np.uint64(0xBF58476D1CE4E5B9)
        x ^= x >> np.uint64(27)
        x *= np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
        x >>= np.uint64(41)
        cells = x.astype(np.float32)
        cells += np.float32(0.5)
        cells *= np.float32(2.0**-23)
        return cells

    def normal(
        self, stream: Stream, who: NDArray[np.integer], time: int = 0
    ) -> NDArray[np.float32]:
        """Give standard normal numbers, shape (n,), from the same keys."""
        return np.asarray(ndtri(self.uniform(stream, who, time)))


class SamePeople(Luck):
    """Luck under which every clinic cares for the same people.

    Clinics, clinicians and areas keep the luck they have in the world of that seed;
    the people have another, and the i-th of every clinic has the same.

    Parameters
    ----------
    seed : int
        The seed of the world.
    n : int
        People at each clinic: persons 0 to n - 1 are of the first, and so on.
    """

    def __init__(self, seed: int, n: int) -> None:
        super().__init__(seed + (1 << 40))
        self._places = Luck(seed)
        self._n = n

    def uniform(
        self, stream: Stream, who: NDArray[np.integer], time: int = 0
    ) -> NDArray[np.float32]:
        """Give uniform numbers in (0, 1), shape (n,), as `Luck.uniform` does."""
        if stream < Stream.HOME_CLINIC:
            return self._places.uniform(stream, who, time)
        return super().uniform(stream, who % self._n, time)
