"""Rollout designs: units and seed → schedule, one file for each."""

from rounds.loop.change.rollouts.permuted_blocks import PermutedBlocks
from rounds.loop.change.rollouts.sequences import Sequences

__all__ = ["PermutedBlocks", "Sequences"]
