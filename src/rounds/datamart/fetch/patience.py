"""How long to wait, and what a fetch does not take from the air."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

__all__ = ["Patience", "Surroundings"]


@dataclass(frozen=True)
class Patience:
    """How long to wait, for what.

    Parameters
    ----------
    tries : int
        How often the same thing is asked while it fails.
    first, longest : float
        Seconds of the first and of the longest wait between two questions; each wait
        is twice the one before.
    hours : float
        How long a whole fetch may take.
    connect, silence : float
        Seconds until a connection, and until the next byte.
    """

    tries: int = 7
    first: float = 1.0
    longest: float = 120.0
    hours: float = 24.0
    connect: float = 15.0
    silence: float = 60.0

    def wait(self, failures: int) -> float:
        """Give the seconds to wait after so many failures, from 1."""
        return float(min(self.first * 2.0 ** min(failures - 1, 30), self.longest))


@dataclass(frozen=True)
class Surroundings:
    """What a fetch does not take from the air."""

    now: Callable[[], dt.datetime]
    sleep: Callable[[float], None]
    new_id: Callable[[], str]
    free_bytes: Callable[[Path], int]
    tell: Callable[[str], None] = lambda _: None
    transport: httpx.BaseTransport | None = None
