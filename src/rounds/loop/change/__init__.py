"""Knowledge → Practice. Say it where care is given, to a random part first.

Takes an Evidence, gives a Rollout.
"""

from rounds.loop.change.calls import Calls
from rounds.loop.change.in_process import Cards, InProcess
from rounds.loop.change.knowledge import (
    check_knowledge,
    load_knowledge,
    states_of,
)
from rounds.loop.change.registration import run
from rounds.loop.change.service import Advice, Service
from rounds.nouns import Evidence as TAKES  # noqa: N814  (the ring test reads it)
from rounds.nouns import Rollout as GIVES  # noqa: N814

__all__ = [
    "GIVES",
    "TAKES",
    "Advice",
    "Calls",
    "Cards",
    "InProcess",
    "Service",
    "check_knowledge",
    "load_knowledge",
    "run",
    "states_of",
]
