"""What is live where care is given: knowledge in force, allocations, exposures.

Arc: Knowledge → Practice. It survives a kill: what was answered was written before.
"""

from rounds.practice.allocations import Assignment
from rounds.practice.in_force import InForce
from rounds.practice.seeds import Seed, commitment, verify_commitment
from rounds.practice.store import Practice

__all__ = [
    "Assignment",
    "InForce",
    "Practice",
    "Seed",
    "commitment",
    "verify_commitment",
]
