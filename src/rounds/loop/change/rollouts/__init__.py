"""Rollout designs: units and seed → schedule, one file for each."""

from rounds.loop.change.rollouts.permuted_blocks import PermutedBlocks

__all__ = ["PermutedBlocks"]
